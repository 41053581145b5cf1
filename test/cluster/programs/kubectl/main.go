// Command kubectl is started by every test, hundreds of times: without the servers beside it, and optimized, it is there in a quarter of the time.
package main

import (
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	kubectl "k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	// Its errors are printed by its own function, without the usage of a server.
	util.CheckErr(cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()))
}
