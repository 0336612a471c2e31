module qdrant-operator.invalid/e2e/pause

go 1.22
