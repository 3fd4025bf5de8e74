# Reads assets/vault.dat and XORs it with a text over and over, which the builder fills in.
.class public Lapp/Work;
.super Ljava/lang/Object;

.method public static run(Landroid/content/Context;)V
    .locals 3
    invoke-virtual {p0}, Landroid/content/Context;->getAssets()Landroid/content/res/AssetManager;
    move-result-object v0
    const-string v1, "vault.dat"
    invoke-virtual {v0, v1}, Landroid/content/res/AssetManager;->open(Ljava/lang/String;)Ljava/io/InputStream;
    move-result-object v1
    invoke-virtual {v1}, Ljava/io/InputStream;->available()I
    move-result v2
    new-array v0, v2, [B
    invoke-virtual {v1, v0}, Ljava/io/InputStream;->read([B)I
    invoke-static {v0}, Lapp/Work;->open([B)[B
    return-void
.end method

.method static open([B)[B
    .locals 6
    const-string v0, "@KEY@"
    invoke-virtual {v0}, Ljava/lang/String;->getBytes()[B
    move-result-object v0
    array-length v1, v0
    array-length v2, p0
    const/4 v3, 0x0
    :next
    if-ge v3, v2, :done
    rem-int v4, v3, v1
    aget-byte v4, v0, v4
    aget-byte v5, p0, v3
    xor-int/2addr v4, v5
    int-to-byte v4, v4
    aput-byte v4, p0, v3
    add-int/lit8 v3, v3, 0x1
    goto :next
    :done
    return-object p0
.end method
