{{/* Where a part's pods run. Call with (dict "root" $ "part" "gateway" "values" .Values.gateway). */}}
{{- define "plexica.scheduling" -}}
{{- $wanted := deepCopy .root.Values.scheduling -}}
{{- range $what, $own := .values.scheduling | default dict }}{{ $_ := set $wanted $what $own }}{{ end -}}
{{- with $wanted.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with $wanted.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $wanted.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $wanted.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
{{- if $wanted.topologySpreadConstraints }}
  {{- toYaml $wanted.topologySpreadConstraints | nindent 2 }}
{{- else }}
{{- $selector := include "plexica.selector" . }}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- $selector | nindent 8 }}
{{- end }}
{{- end }}
{{- end }}

{{/* How many pods a part has; whoever scales it says so otherwise. */}}
{{- define "plexica.replicas" -}}
{{- if not (dig "autoscaling" "enabled" false .values) -}}
replicas: {{ .values.replicas }}
{{- end }}
{{- end }}

{{/* What keeps a part there while nodes are drained, and gives it as many pods as it needs. */}}
{{- define "plexica.availability" -}}
{{- $scales := dig "autoscaling" "enabled" false .values }}
{{- $least := int (ternary (dig "autoscaling" "minReplicas" 1 .values) .values.replicas $scales) }}
{{- if and .values.disruptionBudget (gt $least 1) }}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "plexica.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "plexica.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  # One that is not ready serves nobody, and must not keep its node from being drained.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "plexica.selector" . | nindent 6 }}
{{- end }}
{{- if $scales }}
{{- if lt (int .values.autoscaling.maxReplicas) (int .values.autoscaling.minReplicas) }}{{ fail (printf "autoscaling of %s has fewer maxReplicas than minReplicas" .part) }}{{ end }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "plexica.name" . }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "plexica.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "plexica.name" . }}
  minReplicas: {{ .values.autoscaling.minReplicas }}
  maxReplicas: {{ .values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .values.autoscaling.targetCPUUtilizationPercentage }}
{{- end }}
{{- end }}
