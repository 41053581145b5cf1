import cdk8s_plus_28 as kplus
from cdk8s import ApiObjectMetadata, App, Chart, Cron, Duration, Size
from cdk8s_backup import (
    BackupCronJob,
    BackupDefaults,
    BackupExporter,
    BackupPruneOptions,
    BackupSource,
    BackupStore,
    CaCertificate,
    ContainerResources,
    Cpu,
    CpuResources,
    Decryption,
    ImagePullPolicy,
    MemoryResources,
    PersistentVolumeAccessMode,
    PostgresTls,
    RestoreJob,
    RestoreMode,
    RestoreWorkload,
    Retention,
    S3Credentials,
    SecretValue,
)

app = App()


def named(name):
    return ApiObjectMetadata(name=name)


# What an app has already: objects of its own cdk8s-plus.
shop = Chart(app, "shop", namespace="shop")
registry = kplus.Secret.from_secret_name(shop, "Registry", "registry")
credentials = kplus.Secret(shop, "Credentials", metadata=named("credentials"))
key = kplus.Secret(shop, "Key", metadata=named("key"))
ca = kplus.ConfigMap(shop, "Ca", metadata=named("ca"))
files = kplus.PersistentVolumeClaim(
    shop,
    "Files",
    metadata=named("files"),
    storage=Size.gibibytes(5),
    access_modes=[kplus.PersistentVolumeAccessMode.READ_WRITE_ONCE],
)
identity = kplus.ServiceAccount(shop, "Identity", metadata=named("identity"))
api = kplus.Deployment(shop, "Api", metadata=named("api"), containers=[kplus.ContainerProps(image="api")])
worker = kplus.StatefulSet(
    shop,
    "Worker",
    metadata=named("worker"),
    containers=[kplus.ContainerProps(image="worker")],
    service=kplus.Service(shop, "WorkerService", ports=[kplus.ServicePort(port=80)]),
)

# And what it adds.
chart = Chart(app, "backups", namespace="shop")
BackupDefaults.of(chart).set(
    image="registry.example.com/runner:1", image_pull_secret=registry, image_pull_policy=ImagePullPolicy.ALWAYS
)
store = BackupStore.volume(size=Size.gibibytes(20), access_modes=[PersistentVolumeAccessMode.READ_WRITE_MANY])
bucket = BackupStore.s3(
    bucket_name="shop-backups",
    region="eu-central-1",
    credentials=S3Credentials.from_secret(credentials, access_key_id_key="id", secret_access_key_key="secret"),
)

backup = BackupCronJob(
    chart,
    "db-backup",
    source=BackupSource.postgres(
        host="postgres",
        database_name="shop",
        user="backup",
        password=SecretValue(secret=credentials, key="password"),
        tls=PostgresTls.verify_full(CaCertificate.from_config_map(ca)),
    ),
    stores=[store, bucket],
    schedule=Cron.daily(),
    retention=Retention.days(30),
    service_account=identity,
    prune=BackupPruneOptions(schedule=Cron.weekly(), service_account=identity),
    resources=ContainerResources(
        cpu=CpuResources(request=Cpu.millis(250), limit=Cpu.units(2)), memory=MemoryResources(limit=Size.gibibytes(2))
    ),
)
RestoreJob(
    chart,
    "db-restore",
    backup=backup,
    mode=RestoreMode.postgres_swap(),
    decryption=Decryption.from_volume(kplus.Volume.from_secret(chart, "KeyVolume", key), "identity"),
    workloads=[RestoreWorkload.deployment(api), RestoreWorkload.stateful_set(worker)],
)
orders = BackupCronJob(
    chart,
    "orders-backup",
    source=BackupSource.sqlite(claim=files, path="orders.db", lock_timeout=Duration.seconds(30)),
    stores=[store],
    schedule=Cron.daily(),
)
BackupExporter(chart, "exporter", backups=[backup, orders])

app.synth()
