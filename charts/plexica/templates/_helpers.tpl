{{/* Labels of every object. Call with (dict "root" $ "part" "operator"). */}}
{{- define "plexica.labels" -}}
{{ include "plexica.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: plexica
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* Labels that select a part's pods. */}}
{{- define "plexica.selector" -}}
app.kubernetes.io/name: plexica-{{ .part }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{/* Name of a part's objects in the namespace. */}}
{{- define "plexica.name" -}}
{{ printf "%s-%s" .root.Release.Name .part | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Name of a part's objects in the cluster: two releases may have the same name. */}}
{{- define "plexica.clusterName" -}}
{{ printf "%s:%s-%s" .root.Release.Namespace .root.Release.Name .part }}
{{- end }}

{{- define "plexica.image" -}}
{{- $image := .root.Values.image -}}
{{- with .root.Values.global.imageRegistry | default $image.registry }}{{ . }}/{{ end }}{{ .repository }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{/* The core API as operator and gateway reach it. */}}
{{- define "plexica.coreApiUrl" -}}
http://{{ include "plexica.name" (dict "root" . "part" "core-api") }}.{{ .Release.Namespace }}.svc:8081
{{- end }}

{{/* Variables that all parts have. */}}
{{- define "plexica.commonEnv" -}}
- name: PLEXICA_INSTALLATION
  value: {{ .Values.installation | quote }}
- name: PLEXICA_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- name: RUST_LOG
  value: {{ .Values.log.level | quote }}
- name: PLEXICA_LOG_FORMAT
  value: {{ .Values.log.format | quote }}
{{- if .Values.caBundle.existingConfigMap }}
- name: PLEXICA_CA_BUNDLE
  value: /etc/plexica/ca/{{ .Values.caBundle.key }}
{{- end }}
{{- end }}

{{/* Keycloak as the platform reaches it. */}}
{{- define "plexica.keycloakEnv" -}}
- name: KEYCLOAK_URL
  value: {{ required "set keycloak.url to Keycloak's base URL as the platform reaches it" .Values.keycloak.url | quote }}
{{- end }}

{{/* One variable from a Secret that exists. */}}
{{- define "plexica.secretEnv" -}}
- name: {{ .name }}
  valueFrom: { secretKeyRef: { name: {{ .secret | quote }}, key: {{ .key }} } }
{{- end }}

{{/* What a pod of ours may do on its node: nothing. */}}
{{- define "plexica.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "plexica.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "plexica.probes" -}}
startupProbe:
  httpGet: { path: /healthz, port: metrics }
  periodSeconds: 1
  failureThreshold: 60
readinessProbe:
  httpGet: { path: /readyz, port: metrics }
  periodSeconds: 2
livenessProbe:
  httpGet: { path: /healthz, port: metrics }
  periodSeconds: 10
  failureThreshold: 6
{{- end }}

{{- define "plexica.caMount" -}}
{{- if .Values.caBundle.existingConfigMap }}
- { name: ca, mountPath: /etc/plexica/ca, readOnly: true }
{{- end }}
{{- end }}

{{- define "plexica.caVolume" -}}
{{- with .Values.caBundle.existingConfigMap }}
- name: ca
  configMap: { name: {{ . | quote }} }
{{- end }}
{{- end }}
