// Runs the CronJob controller of Kubernetes over the CronJobs on stdin, as if it had just been started and they had been there for
// years, and prints one JSON array with the names of those that it makes a Job of.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	_ "time/tzdata" // time zones are looked up, and the machine may have none

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/kubernetes/pkg/controller/cronjob"
	"sigs.k8s.io/yaml"
)

// The controller acts within milliseconds on what is due.
const wait = 3 * time.Second

func main() {
	names, err := run(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(names); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(input io.Reader) ([]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	client := fake.NewSimpleClientset()
	documents := utilyaml.NewYAMLReader(bufio.NewReader(input))
	for n := 0; ; n++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		object := &batchv1.CronJob{}
		if err := yaml.Unmarshal(document, object); err != nil {
			return nil, err
		}
		if object.Kind != "CronJob" {
			continue
		}
		object.Namespace = "default"
		object.UID = types.UID(fmt.Sprint(n))
		object.CreationTimestamp = metav1.NewTime(time.Now().AddDate(-3, 0, 0))
		if _, err := client.BatchV1().CronJobs(object.Namespace).Create(ctx, object, metav1.CreateOptions{}); err != nil {
			return nil, err
		}
	}
	shared := informers.NewSharedInformerFactory(client, 0)
	controller, err := cronjob.NewControllerV2(ctx, shared.Batch().V1().Jobs(), shared.Batch().V1().CronJobs(), client)
	if err != nil {
		return nil, err
	}
	shared.Start(ctx.Done())
	controller.Run(ctx, 2)

	names := []string{}
	jobs, err := client.BatchV1().Jobs("default").List(context.Background(), metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for _, job := range jobs.Items {
		names = append(names, metav1.GetControllerOf(&job).Name)
	}
	return names, nil
}
