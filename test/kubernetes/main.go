// Reads Kubernetes manifests from stdin and says what a cluster would refuse about them.
//
// It runs what the API server runs, from the API server's own source: strict decoding, defaulting, conversion, validation,
// and the "restricted" level of Pod Security. Prints one JSON array of findings; an empty one means that all is accepted.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	_ "time/tzdata" // time zones are looked up, and the machine may have none

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/api/pod"
	"k8s.io/kubernetes/pkg/apis/apps"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	appsvalidation "k8s.io/kubernetes/pkg/apis/apps/validation"
	"k8s.io/kubernetes/pkg/apis/batch"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	batchvalidation "k8s.io/kubernetes/pkg/apis/batch/validation"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	corevalidation "k8s.io/kubernetes/pkg/apis/core/validation"
	"k8s.io/kubernetes/pkg/apis/networking"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	networkingvalidation "k8s.io/kubernetes/pkg/apis/networking/validation"
	"k8s.io/kubernetes/pkg/apis/rbac"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	rbacvalidation "k8s.io/kubernetes/pkg/apis/rbac/validation"
	"k8s.io/kubernetes/pkg/features"
	"k8s.io/kubernetes/pkg/registry/batch/job"
	psa "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// The oldest release that the manifests are made for.
const minor = 28

type finding struct {
	// Kind and name, as in `CronJob/db-backup`.
	Object string `json:"object"`
	// Which step complains: decode, validate, warn or pod-security.
	Step    string `json:"step"`
	Message string `json:"message"`
}

func main() {
	// Containers beside the one that does the work are there from 1.29 on without being switched on.
	if err := utilfeature.DefaultMutableFeatureGate.SetFromMap(map[string]bool{string(features.SidecarContainers): true}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	findings, err := check(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(findings); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(input io.Reader) ([]finding, error) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		return nil, err
	}
	decoder := serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	documents := utilyaml.NewYAMLReader(bufio.NewReader(input))
	findings := []finding{}
	for n := 1; ; n++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return findings, nil
		}
		if err != nil {
			return nil, err
		}
		if strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(string(document)), "---")) == "" {
			continue
		}
		object, kind, err := decoder.Decode(document, nil, nil)
		if err != nil {
			findings = append(findings, finding{fmt.Sprintf("document %d", n), "decode", err.Error()})
			if object == nil {
				continue
			}
		}
		accessor, err := meta.Accessor(object)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("%s/%s", kind.Kind, accessor.GetName())
		if accessor.GetNamespace() == "" && kind.Kind != "Namespace" {
			accessor.SetNamespace("default") // what kubectl does
		}
		legacyscheme.Scheme.Default(object)
		problems, warnings := validate(object)
		for _, problem := range problems {
			findings = append(findings, finding{name, "validate", problem.Error()})
		}
		for _, warning := range warnings {
			findings = append(findings, finding{name, "warn", warning})
		}
		if template := templateOf(object); template != nil {
			level := psa.LevelVersion{Level: psa.LevelRestricted, Version: psa.MajorMinorVersion(1, minor)}
			for _, result := range evaluator.EvaluatePod(level, &template.ObjectMeta, &template.Spec) {
				if !result.Allowed {
					findings = append(findings, finding{name, "pod-security", result.ForbiddenReason + ": " + result.ForbiddenDetail})
				}
			}
		}
	}
}

func templateOf(object runtime.Object) *corev1.PodTemplateSpec {
	switch object := object.(type) {
	case *batchv1.CronJob:
		return &object.Spec.JobTemplate.Spec.Template
	case *batchv1.Job:
		return &object.Spec.Template
	case *appsv1.Deployment:
		return &object.Spec.Template
	case *appsv1.StatefulSet:
		return &object.Spec.Template
	default:
		return nil
	}
}

func validate(object runtime.Object) (field.ErrorList, []string) {
	switch object.(type) {
	case *batchv1.CronJob:
		internal := &batch.CronJob{}
		if err := legacyscheme.Scheme.Convert(object, internal, nil); err != nil {
			return field.ErrorList{field.InternalError(nil, err)}, nil
		}
		template := &internal.Spec.JobTemplate.Spec.Template
		warnings := pod.GetWarningsForPodTemplate(context.Background(), field.NewPath("spec", "jobTemplate", "spec", "template"), template, nil)
		return batchvalidation.ValidateCronJobCreate(internal, pod.GetValidationOptionsFromPodTemplate(template, nil)), warnings
	case *batchv1.Job:
		internal := &batch.Job{}
		if err := legacyscheme.Scheme.Convert(object, internal, nil); err != nil {
			return field.ErrorList{field.InternalError(nil, err)}, nil
		}
		internal.UID = "c9d54d2c-8e8f-4d0a-9f0e-0f3f1b6f7a11" // the selector is made of it
		job.Strategy.PrepareForCreate(context.Background(), internal)
		return job.Strategy.Validate(context.Background(), internal), job.Strategy.WarningsOnCreate(context.Background(), internal)
	case *appsv1.Deployment:
		internal := &apps.Deployment{}
		if err := legacyscheme.Scheme.Convert(object, internal, nil); err != nil {
			return field.ErrorList{field.InternalError(nil, err)}, nil
		}
		template := &internal.Spec.Template
		warnings := pod.GetWarningsForPodTemplate(context.Background(), field.NewPath("spec", "template"), template, nil)
		return appsvalidation.ValidateDeployment(internal, pod.GetValidationOptionsFromPodTemplate(template, nil)), warnings
	case *appsv1.StatefulSet:
		internal := &apps.StatefulSet{}
		if err := legacyscheme.Scheme.Convert(object, internal, nil); err != nil {
			return field.ErrorList{field.InternalError(nil, err)}, nil
		}
		template := &internal.Spec.Template
		warnings := pod.GetWarningsForPodTemplate(context.Background(), field.NewPath("spec", "template"), template, nil)
		return appsvalidation.ValidateStatefulSet(internal, pod.GetValidationOptionsFromPodTemplate(template, nil)), warnings
	case *corev1.Service:
		internal := &core.Service{}
		if err := legacyscheme.Scheme.Convert(object, internal, nil); err != nil {
			return field.ErrorList{field.InternalError(nil, err)}, nil
		}
		return corevalidation.ValidateServiceCreate(internal), nil
	case *networkingv1.NetworkPolicy:
		internal := &networking.NetworkPolicy{}
		if err := legacyscheme.Scheme.Convert(object, internal, nil); err != nil {
			return field.ErrorList{field.InternalError(nil, err)}, nil
		}
		return networkingvalidation.ValidateNetworkPolicy(internal, networkingvalidation.NetworkPolicyValidationOptions{}), nil
	case *rbacv1.Role:
		internal := &rbac.Role{}
		if err := legacyscheme.Scheme.Convert(object, internal, nil); err != nil {
			return field.ErrorList{field.InternalError(nil, err)}, nil
		}
		return rbacvalidation.ValidateRole(internal), nil
	case *rbacv1.RoleBinding:
		internal := &rbac.RoleBinding{}
		if err := legacyscheme.Scheme.Convert(object, internal, nil); err != nil {
			return field.ErrorList{field.InternalError(nil, err)}, nil
		}
		return rbacvalidation.ValidateRoleBinding(internal), nil
	case *corev1.PersistentVolumeClaim:
		internal := &core.PersistentVolumeClaim{}
		if err := legacyscheme.Scheme.Convert(object, internal, nil); err != nil {
			return field.ErrorList{field.InternalError(nil, err)}, nil
		}
		options := corevalidation.ValidationOptionsForPersistentVolumeClaim(internal, nil)
		return corevalidation.ValidatePersistentVolumeClaim(internal, options), nil
	case *corev1.ConfigMap:
		internal := &core.ConfigMap{}
		if err := legacyscheme.Scheme.Convert(object, internal, nil); err != nil {
			return field.ErrorList{field.InternalError(nil, err)}, nil
		}
		return corevalidation.ValidateConfigMap(internal), nil
	case *corev1.ServiceAccount:
		internal := &core.ServiceAccount{}
		if err := legacyscheme.Scheme.Convert(object, internal, nil); err != nil {
			return field.ErrorList{field.InternalError(nil, err)}, nil
		}
		return corevalidation.ValidateServiceAccount(internal), nil
	default:
		// A new kind is added here rather than passed unseen.
		return field.ErrorList{field.InternalError(nil, fmt.Errorf("this program does not know how to validate %T", object))}, nil
	}
}
