//go:build tools

package main

// What else is built from this module's requirements.
import (
	_ "github.com/docker/compose/v2/cmd"
	_ "helm.sh/helm/v4/cmd/helm"
)
