# Addresses under which models are fetched: whole, and put together in four ways; and some that are of no models.
.class public Lapp/Work;
.super Ljava/lang/Object;

.field static final BASE:Ljava/lang/String; = "https://joined.example.com/fields/"

.method public static run(Landroid/content/Context;)V
    .locals 1
    const-string v0, "https://whole.example.com/v2/face_age.tflite"
    invoke-static {v0}, Lapp/Work;->fetch(Ljava/lang/String;)V
    const-string v0, "https://firebaseml.googleapis.com/v1beta2/projects/p/models/m:download"
    invoke-static {v0}, Lapp/Work;->fetch(Ljava/lang/String;)V
    const-string v0, "https://whole.example.com/help/index.html"
    invoke-static {v0}, Lapp/Work;->fetch(Ljava/lang/String;)V
    invoke-static {v0}, Lapp/Work;->built(Ljava/lang/String;)V
    invoke-static {}, Lapp/Work;->concatenated()V
    invoke-static {}, Lapp/Work;->formatted()V
    invoke-static {}, Lapp/Work;->fromField()V
    invoke-static {}, Lapp/Work;->apart()V
    return-void
.end method

.method static fetch(Ljava/lang/String;)V
    .locals 1
    new-instance v0, Ljava/net/URL;
    invoke-direct {v0, p0}, Ljava/net/URL;-><init>(Ljava/lang/String;)V
    invoke-virtual {v0}, Ljava/net/URL;->openStream()Ljava/io/InputStream;
    return-void
.end method

.method static built(Ljava/lang/String;)V
    .locals 2
    new-instance v0, Ljava/lang/StringBuilder;
    invoke-direct {v0}, Ljava/lang/StringBuilder;-><init>()V
    const-string v1, "https://joined.example.com/v3/"
    invoke-virtual {v0, v1}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    invoke-virtual {v0, p0}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    move-result-object v0
    const-string v1, "/gender.onnx"
    invoke-virtual {v0, v1}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    move-result-object v0
    invoke-virtual {v0}, Ljava/lang/StringBuilder;->toString()Ljava/lang/String;
    move-result-object v0
    invoke-static {v0}, Lapp/Work;->fetch(Ljava/lang/String;)V
    return-void
.end method

.method static concatenated()V
    .locals 2
    const-string v0, "https://joined.example.com/concat/"
    const-string v1, "slim.mnn"
    invoke-virtual {v0, v1}, Ljava/lang/String;->concat(Ljava/lang/String;)Ljava/lang/String;
    move-result-object v0
    invoke-static {v0}, Lapp/Work;->fetch(Ljava/lang/String;)V
    return-void
.end method

.method static formatted()V
    .locals 4
    const-string v0, "%s/models/%s"
    const/4 v1, 0x2
    new-array v1, v1, [Ljava/lang/Object;
    const/4 v2, 0x0
    const-string v3, "https://joined.example.com"
    aput-object v3, v1, v2
    const/4 v2, 0x1
    const-string v3, "race.ptl"
    aput-object v3, v1, v2
    invoke-static {v0, v1}, Ljava/lang/String;->format(Ljava/lang/String;[Ljava/lang/Object;)Ljava/lang/String;
    move-result-object v0
    invoke-static {v0}, Lapp/Work;->fetch(Ljava/lang/String;)V
    return-void
.end method

.method static fromField()V
    .locals 3
    new-instance v0, Ljava/lang/StringBuilder;
    sget-object v1, Lapp/Work;->BASE:Ljava/lang/String;
    invoke-direct {v0, v1}, Ljava/lang/StringBuilder;-><init>(Ljava/lang/String;)V
    const-string v1, "emotion.tflite"
    invoke-virtual {v0, v1}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    invoke-virtual {v0}, Ljava/lang/StringBuilder;->toString()Ljava/lang/String;
    move-result-object v0
    invoke-static {v0}, Lapp/Work;->fetch(Ljava/lang/String;)V
    return-void
.end method

# A page and a file's name in one method, never put together: no address of a model.
.method static apart()V
    .locals 3
    const-string v0, "https://apart.example.com/about/"
    invoke-static {v0}, Lapp/Work;->fetch(Ljava/lang/String;)V
    new-instance v0, Ljava/lang/StringBuilder;
    const-string v1, "/data/local/"
    invoke-direct {v0, v1}, Ljava/lang/StringBuilder;-><init>(Ljava/lang/String;)V
    const-string v1, "local.tflite"
    invoke-virtual {v0, v1}, Ljava/lang/StringBuilder;->append(Ljava/lang/String;)Ljava/lang/StringBuilder;
    invoke-virtual {v0}, Ljava/lang/StringBuilder;->toString()Ljava/lang/String;
    move-result-object v0
    return-void
.end method
