import io.github.cdk8sbackup.*;
import java.util.List;
import org.cdk8s.ApiObjectMetadata;
import org.cdk8s.App;
import org.cdk8s.Chart;
import org.cdk8s.ChartProps;
import org.cdk8s.Cron;
import org.cdk8s.Duration;
import org.cdk8s.Size;
import org.cdk8s.plus28.ConfigMap;
import org.cdk8s.plus28.ContainerProps;
import org.cdk8s.plus28.Deployment;
import org.cdk8s.plus28.ISecret;
import org.cdk8s.plus28.PersistentVolumeClaim;
import org.cdk8s.plus28.Secret;
import org.cdk8s.plus28.Service;
import org.cdk8s.plus28.ServiceAccount;
import org.cdk8s.plus28.ServicePort;
import org.cdk8s.plus28.StatefulSet;
import org.cdk8s.plus28.Volume;

/** The same app as app.ts, which has the comments. */
public class Main {
    private static ApiObjectMetadata named(String name) {
        return ApiObjectMetadata.builder().name(name).build();
    }

    public static void main(String[] args) {
        App app = new App();

        Chart shop = new Chart(app, "shop", ChartProps.builder().namespace("shop").build());
        ISecret registry = Secret.fromSecretName(shop, "Registry", "registry");
        Secret credentials = Secret.Builder.create(shop, "Credentials").metadata(named("credentials")).build();
        Secret key = Secret.Builder.create(shop, "Key").metadata(named("key")).build();
        ConfigMap ca = ConfigMap.Builder.create(shop, "Ca").metadata(named("ca")).build();
        PersistentVolumeClaim files = PersistentVolumeClaim.Builder.create(shop, "Files")
            .metadata(named("files"))
            .storage(Size.gibibytes(5))
            .accessModes(List.of(org.cdk8s.plus28.PersistentVolumeAccessMode.READ_WRITE_ONCE))
            .build();
        ServiceAccount identity = ServiceAccount.Builder.create(shop, "Identity").metadata(named("identity")).build();
        Deployment api = Deployment.Builder.create(shop, "Api")
            .metadata(named("api"))
            .containers(List.of(ContainerProps.builder().image("api").build()))
            .build();
        StatefulSet worker = StatefulSet.Builder.create(shop, "Worker")
            .metadata(named("worker"))
            .containers(List.of(ContainerProps.builder().image("worker").build()))
            .service(Service.Builder.create(shop, "WorkerService").ports(List.of(ServicePort.builder().port(80).build())).build())
            .build();

        Chart chart = new Chart(app, "backups", ChartProps.builder().namespace("shop").build());
        BackupDefaults.of(chart).set(BackupDefaultsOptions.builder()
            .image("registry.example.com/runner:1")
            .imagePullSecret(registry)
            .imagePullPolicy(ImagePullPolicy.ALWAYS)
            .build());
        BackupStore store = BackupStore.volume(VolumeStoreOptions.builder()
            .size(Size.gibibytes(20))
            .accessModes(List.of(PersistentVolumeAccessMode.READ_WRITE_MANY))
            .build());
        BackupStore bucket = BackupStore.s3(S3StoreOptions.builder()
            .bucketName("shop-backups")
            .region("eu-central-1")
            .credentials(S3Credentials.fromSecret(credentials, S3SecretKeys.builder().accessKeyIdKey("id").secretAccessKeyKey("secret").build()))
            .build());

        BackupCronJob backup = BackupCronJob.Builder.create(chart, "db-backup")
            .source(BackupSource.postgres(PostgresSourceOptions.builder()
                .host("postgres")
                .databaseName("shop")
                .user("backup")
                .password(SecretValue.builder().secret(credentials).key("password").build())
                .tls(PostgresTls.verifyFull(CaCertificate.fromConfigMap(ca)))
                .build()))
            .stores(List.of(store, bucket))
            .schedule(Cron.daily())
            .retention(Retention.days(30))
            .serviceAccount(identity)
            .prune(BackupPruneOptions.builder().schedule(Cron.weekly()).serviceAccount(identity).build())
            .resources(ContainerResources.builder()
                .cpu(CpuResources.builder().request(Cpu.millis(250)).limit(Cpu.units(2)).build())
                .memory(MemoryResources.builder().limit(Size.gibibytes(2)).build())
                .build())
            .build();
        RestoreJob.Builder.create(chart, "db-restore")
            .backup(backup)
            .mode(RestoreMode.postgresSwap())
            .decryption(Decryption.fromVolume(Volume.fromSecret(chart, "KeyVolume", key), "identity"))
            .workloads(List.of(RestoreWorkload.deployment(api), RestoreWorkload.statefulSet(worker)))
            .build();
        BackupCronJob orders = BackupCronJob.Builder.create(chart, "orders-backup")
            .source(BackupSource.sqlite(SqliteSourceOptions.builder().claim(files).path("orders.db").lockTimeout(Duration.seconds(30)).build()))
            .stores(List.of(store))
            .schedule(Cron.daily())
            .build();
        BackupExporter.Builder.create(chart, "exporter").backups(List.of(backup, orders)).build();

        app.synth();
    }
}
