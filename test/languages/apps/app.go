package main

import (
	"github.com/aws/jsii-runtime-go"
	backup "github.com/cdk8s-backup/cdk8s-backup-go/cdk8sbackup"
	"github.com/cdk8s-team/cdk8s-core-go/cdk8s/v2"
	kplus "github.com/cdk8s-team/cdk8s-plus-go/cdk8splus28/v2"
)

func named(name string) *cdk8s.ApiObjectMetadata {
	return &cdk8s.ApiObjectMetadata{Name: jsii.String(name)}
}

// The same app as app.ts, which has the comments.
func main() {
	defer jsii.Close()
	app := cdk8s.NewApp(nil)

	shop := cdk8s.NewChart(app, jsii.String("shop"), &cdk8s.ChartProps{Namespace: jsii.String("shop")})
	registry := kplus.Secret_FromSecretName(shop, jsii.String("Registry"), jsii.String("registry"))
	credentials := kplus.NewSecret(shop, jsii.String("Credentials"), &kplus.SecretProps{Metadata: named("credentials")})
	key := kplus.NewSecret(shop, jsii.String("Key"), &kplus.SecretProps{Metadata: named("key")})
	ca := kplus.NewConfigMap(shop, jsii.String("Ca"), &kplus.ConfigMapProps{Metadata: named("ca")})
	files := kplus.NewPersistentVolumeClaim(shop, jsii.String("Files"), &kplus.PersistentVolumeClaimProps{
		Metadata:    named("files"),
		Storage:     cdk8s.Size_Gibibytes(jsii.Number(5)),
		AccessModes: &[]kplus.PersistentVolumeAccessMode{kplus.PersistentVolumeAccessMode_READ_WRITE_ONCE},
	})
	identity := kplus.NewServiceAccount(shop, jsii.String("Identity"), &kplus.ServiceAccountProps{Metadata: named("identity")})
	api := kplus.NewDeployment(shop, jsii.String("Api"), &kplus.DeploymentProps{
		Metadata:   named("api"),
		Containers: &[]*kplus.ContainerProps{{Image: jsii.String("api")}},
	})
	worker := kplus.NewStatefulSet(shop, jsii.String("Worker"), &kplus.StatefulSetProps{
		Metadata:   named("worker"),
		Containers: &[]*kplus.ContainerProps{{Image: jsii.String("worker")}},
		Service: kplus.NewService(shop, jsii.String("WorkerService"), &kplus.ServiceProps{
			Ports: &[]*kplus.ServicePort{{Port: jsii.Number(80)}},
		}),
	})

	chart := cdk8s.NewChart(app, jsii.String("backups"), &cdk8s.ChartProps{Namespace: jsii.String("shop")})
	backup.BackupDefaults_Of(chart).Set(&backup.BackupDefaultsOptions{
		Image:           jsii.String("registry.example.com/runner:1"),
		ImagePullSecret: registry,
		ImagePullPolicy: backup.ImagePullPolicy_ALWAYS,
	})
	store := backup.BackupStore_Volume(&backup.VolumeStoreOptions{
		Size:        cdk8s.Size_Gibibytes(jsii.Number(20)),
		AccessModes: &[]backup.PersistentVolumeAccessMode{backup.PersistentVolumeAccessMode_READ_WRITE_MANY},
	})
	bucket := backup.BackupStore_S3(&backup.S3StoreOptions{
		BucketName: jsii.String("shop-backups"),
		Region:     jsii.String("eu-central-1"),
		Credentials: backup.S3Credentials_FromSecret(credentials, &backup.S3SecretKeys{
			AccessKeyIdKey:     jsii.String("id"),
			SecretAccessKeyKey: jsii.String("secret"),
		}),
	})

	database := backup.NewBackupCronJob(chart, jsii.String("db-backup"), &backup.BackupCronJobProps{
		Source: backup.BackupSource_Postgres(&backup.PostgresSourceOptions{
			Host:         jsii.String("postgres"),
			DatabaseName: jsii.String("shop"),
			User:         jsii.String("backup"),
			Password:     &backup.SecretValue{Secret: credentials, Key: jsii.String("password")},
			Tls:          backup.PostgresTls_VerifyFull(backup.CaCertificate_FromConfigMap(ca, nil)),
		}),
		Stores:         &[]backup.BackupStore{store, bucket},
		Schedule:       cdk8s.Cron_Daily(),
		Retention:      backup.Retention_Days(jsii.Number(30), nil),
		ServiceAccount: identity,
		Prune:          &backup.BackupPruneOptions{Schedule: cdk8s.Cron_Weekly(), ServiceAccount: identity},
		Resources: &backup.ContainerResources{
			Cpu:    &backup.CpuResources{Request: backup.Cpu_Millis(jsii.Number(250)), Limit: backup.Cpu_Units(jsii.Number(2))},
			Memory: &backup.MemoryResources{Limit: cdk8s.Size_Gibibytes(jsii.Number(2))},
		},
	})
	backup.NewRestoreJob(chart, jsii.String("db-restore"), &backup.RestoreJobProps{
		Backup:     database,
		Mode:       backup.RestoreMode_PostgresSwap(nil),
		Decryption: backup.Decryption_FromVolume(kplus.Volume_FromSecret(chart, jsii.String("KeyVolume"), key, nil), jsii.String("identity")),
		Workloads:  &[]backup.RestoreWorkload{backup.RestoreWorkload_Deployment(api), backup.RestoreWorkload_StatefulSet(worker)},
	})
	orders := backup.NewBackupCronJob(chart, jsii.String("orders-backup"), &backup.BackupCronJobProps{
		Source: backup.BackupSource_Sqlite(&backup.SqliteSourceOptions{
			Claim:       files,
			Path:        jsii.String("orders.db"),
			LockTimeout: cdk8s.Duration_Seconds(jsii.Number(30)),
		}),
		Stores:   &[]backup.BackupStore{store},
		Schedule: cdk8s.Cron_Daily(),
	})
	backup.NewBackupExporter(chart, jsii.String("exporter"), &backup.BackupExporterProps{Backups: &[]backup.BackupCronJob{database, orders}})

	app.Synth()
}
