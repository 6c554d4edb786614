{{- define "a.password" -}}
{{- if .Values.auth.password }}{{ .Values.auth.password }}{{ else }}word{{ end }}
{{ coalesce .Values.a (printf "%s" "x") | default `y` | quote }}
{{- end -}}
privileged: {{ .Values.privileged |
  default true }}
{{/* a remark with }} in it */}}
