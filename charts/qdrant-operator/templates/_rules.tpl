{{/*
What the operator does with the objects of clusters, in the namespaces that it watches. Objects are written by
server-side apply: that is `create` when there is none and `patch` otherwise. Secrets are read by name only.
*/}}
{{- define "qdrant-operator.rules" -}}
- apiGroups: [{{ .Values.crds.group }}]
  resources: [qdrantclusters]
  verbs: [get, list, watch]
- apiGroups: [{{ .Values.crds.group }}]
  resources: [qdrantclusters/status]
  verbs: [get, patch]
- apiGroups: [apps]
  resources: [statefulsets]
  verbs: [create, get, list, patch, watch]
- apiGroups: ['']
  resources: [configmaps, services]
  verbs: [create, delete, get, list, patch, watch]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [create, delete, get, list, patch, watch]
- apiGroups: ['']
  resources: [persistentvolumeclaims, pods]
  verbs: [delete, get, list, patch, watch]
- apiGroups: ['']
  resources: [secrets]
  verbs: [get]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, update]
{{- end }}
