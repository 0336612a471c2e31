{{- define "qdrant-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The release's name, with the chart's unless it is in it. */}}
{{- define "qdrant-operator.fullname" -}}
{{- $name := include "qdrant-operator.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* Cluster-scoped objects: two releases of one name may be in two namespaces. */}}
{{- define "qdrant-operator.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "qdrant-operator.fullname" .) | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "qdrant-operator.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "qdrant-operator.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.create is false: set serviceAccount.name to the account that the operator shall use" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "qdrant-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "qdrant-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "qdrant-operator.labels" -}}
{{ include "qdrant-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Namespaces that are watched, as JSON; empty: all. */}}
{{- define "qdrant-operator.namespaces" -}}
{{- if .Values.watch.allNamespaces }}
{{- if .Values.watch.namespaces }}
{{- fail "watch.allNamespaces is true and watch.namespaces names some: unset one of them" }}
{{- end }}
{{- list | toJson }}
{{- else }}
{{- default (list .Release.Namespace) .Values.watch.namespaces | uniq | toJson }}
{{- end }}
{{- end }}
