// SPDX-License-Identifier: Apache-2.0
// The closed box: what code makes of bytes, and that damaged code ends.
#include "daylight/program/interpreter/dex_interpreter.h"

#include <gtest/gtest.h>

#include <random>

#include "support/smali.h"
#include "support/small_app.h"

namespace dl::program {
namespace {

// Bytes, texts, switches, long arithmetic, an array of arrays, an exception that is caught.
constexpr const char* kBox = R"(
.class public Lapp/Box;
.super Ljava/lang/Object;
.field static SEED:J = 0x5L
.method public static mix([B)[B
    .locals 8
    array-length v0, p0
    new-array v1, v0, [B
    const/4 v2, 0x0
    sget-wide v4, Lapp/Box;->SEED:J
    :head
    if-ge v2, v0, :end
    aget-byte v3, p0, v2
    const-wide/32 v6, 0x41c64e6d
    mul-long/2addr v4, v6
    const/16 v6, 0x10
    ushr-long v6, v4, v6
    long-to-int v6, v6
    xor-int/2addr v3, v6
    int-to-byte v3, v3
    aput-byte v3, v1, v2
    add-int/lit8 v2, v2, 0x1
    goto :head
    :end
    return-object v1
.end method
.method public static text(I)I
    .locals 4
    const-string v0, "abc"
    packed-switch p0, :table
    const/4 v0, 0x0
    :start
    invoke-virtual {v0}, Ljava/lang/String;->length()I
    move-result v1
    :stop
    .catchall {:start .. :stop} :caught
    return v1
    :one
    invoke-virtual {v0}, Ljava/lang/String;->hashCode()I
    move-result v1
    return v1
    :caught
    move-exception v1
    const/16 v1, -0x7
    return v1
    :table
    .packed-switch 0x1
        :one
    .end packed-switch
.end method
.method public static forever()V
    .locals 0
    :head
    goto :head
.end method
.method public static deep()V
    .locals 0
    invoke-static {}, Lapp/Box;->deep()V
    return-void
.end method
)";

TEST(DexInterpreter, RunsWithinItsLimits) {
  const auto dex = testing::assemble_smali(kBox);
  if (!dex) GTEST_SKIP() << "smali is not installed";
  const std::vector<std::string> contents{*dex};
  const auto files = testing::open_dex_files(contents);
  const ClassIndex index = ClassIndex::build(files);
  DexInterpreter machine(index, {}, {});
  const auto run = [&](const char* name, const std::vector<std::int64_t>& arguments,
                       std::int64_t& result) {
    return machine.run(index.find_methods("Lapp/Box;", name).at(0), arguments, result);
  };
  std::int64_t result = 0;
  const std::string plain = "some bytes";
  ASSERT_TRUE(run("mix", {machine.bytes(as_bytes(plain))}, result));
  std::string expected = plain;
  std::uint64_t state = 5;
  for (char& c : expected) {
    state *= 0x41c64e6dU;
    c = static_cast<char>(c ^ static_cast<char>(state >> 16U));
  }
  EXPECT_EQ(as_text(machine.object(result)->bytes), expected);
  ASSERT_TRUE(run("text", {1}, result));
  EXPECT_EQ(result, 96354);  // "abc".hashCode()
  ASSERT_TRUE(run("text", {9}, result));
  EXPECT_EQ(result, -7);
  EXPECT_FALSE(run("deep", {}, result));
  EXPECT_FALSE(machine.exhausted());
  EXPECT_FALSE(run("forever", {}, result));
  EXPECT_TRUE(machine.exhausted());
}

TEST(DexInterpreter, DamagedCodeEnds) {
  const auto dex = testing::assemble_smali(kBox);
  if (!dex) GTEST_SKIP() << "smali is not installed";
  std::mt19937 draw(11);
  for (int round = 0; round < 1500; ++round) {
    std::string damaged = *dex;
    for (int i = 0; i < 3; ++i)
      damaged[112 + draw() % (damaged.size() - 112)] = static_cast<char>(draw());
    auto file = DexFile::open(as_bytes(damaged), "classes.dex");
    if (!file) continue;
    std::vector<DexFile> files;
    files.push_back(std::move(*file));
    const ClassIndex index = ClassIndex::build(files);
    RunLimits limits;
    limits.steps = 3000;
    limits.memory = 1 << 20;
    DexInterpreter machine(index, {}, limits);
    for (MethodId method = 0; method < index.method_count(); ++method) {
      std::int64_t result = 0;
      machine.run(method, {machine.bytes(as_bytes("0123456789"))}, result);
    }
    EXPECT_LE(machine.steps(), limits.steps + 70'000);
  }
}

}  // namespace
}  // namespace dl::program
