{{/* The Secret with the gateway's certificate: one that is there, or the one that cert-manager writes. */}}
{{- define "plexica.gatewayTls" -}}
{{- $tls := .Values.gateway.tls -}}
{{- if $tls.existingSecret -}}
{{ $tls.existingSecret }}
{{- else if $tls.certManager.enabled -}}
{{ include "plexica.name" (dict "root" . "part" "gateway") }}-tls
{{- end }}
{{- end }}

{{/* The port of its Service. */}}
{{- define "plexica.gatewayPort" -}}
{{ .Values.gateway.service.port | default (ternary 443 80 (not (empty (include "plexica.gatewayTls" .)))) }}
{{- end }}
