module plexica.io/kubernetes/pause

go 1.25.0
