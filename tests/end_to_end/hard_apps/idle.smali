# Code that does nothing.
.class public Lapp/Work;
.super Ljava/lang/Object;

.method public static run(Landroid/content/Context;)V
    .locals 0
    return-void
.end method
