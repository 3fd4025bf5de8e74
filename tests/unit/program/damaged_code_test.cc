// SPDX-License-Identifier: Apache-2.0
// Code that no verifier would accept: registers that a method does not have, and ids that point
// behind their tables. What can be read is read; nothing outside of the tables is.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "daylight/program/code/app_code.h"
#include "daylight/program/dex_flow/dex_flow.h"
#include "daylight/program/package/app_package.h"
#include "support/dex_builder.h"
#include "support/flow_app.h"
#include "support/memory_file.h"

namespace dl::program {
namespace {

using dl::testing::DexBuilder;
using dl::testing::DexIds;
using dl::testing::DexUnits;

constexpr const char* kMain = "Lapp/Main;";
constexpr const char* kInterpreter = "Lorg/tensorflow/lite/Interpreter;";
constexpr const char* kRun = "(Ljava/lang/Object;Ljava/lang/Object;)V";
constexpr std::uint16_t kRegisters = 8;
constexpr std::uint16_t kNowhere = 0xfff0;  // an id that no table has

// app.Main.go(): `damage`, then an interpreter is made and run on v1 and v2.
std::string app_dex(const DexUnits& damage = {}) {
  DexBuilder builder;
  dl::testing::DexTestClass main;
  main.descriptor = kMain;
  main.static_fields = {{.name = "kept", .type = "Ljava/lang/Object;"}};
  main.instance_fields = {{.name = "own", .type = "I"}};
  main.direct_methods = {
      {.name = "go", .registers = kRegisters, .outs = 5, .code = [damage](const DexIds& ids) {
         DexUnits code = {0x0112, 0x0212};  // const/4 v1, v2
         code.insert(code.end(), damage.begin(), damage.end());
         const DexUnits run = {0x0022,
                               ids.type(kInterpreter),
                               0x3070,
                               ids.method(kInterpreter, "<init>", "(Ljava/lang/Object;I)V"),
                               0x0210,
                               0x306e,
                               ids.method(kInterpreter, "run", kRun),
                               0x0210,
                               0x0069,
                               ids.field(kMain, "kept", "Ljava/lang/Object;"),
                               0x000e};
         code.insert(code.end(), run.begin(), run.end());
         return code;
       }}};
  builder.classes = {main};
  builder.methods = {{kInterpreter, "<init>", "(Ljava/lang/Object;I)V"},
                     {kInterpreter, "run", kRun}};
  return builder.build();
}

struct Analysed {
  std::size_t runs = 0;
  std::string gaps;
};

// Everything that stages ask of code, and what flows in it.
Analysed analyse(const std::string& dex) {
  const dl::testing::MemoryFile file(dl::testing::stored_zip({{"classes.dex", dex}}));
  const auto app = AppPackage::open(file.path(), null_log());
  if (!app) {
    ADD_FAILURE() << describe(app.error());
    return {};
  }
  const auto code = AppCode::build(*app);
  const FlowResult result = analyse_flow(*code, {}, null_log());
  Analysed out{result.runs.size(), {}};
  for (const FormatGap& gap : result.gaps) out.gaps += gap.where + ": " + gap.why + "\n";
  return out;
}

std::uint32_t get32(const std::string& bytes, std::size_t at) {
  return *load_le<std::uint32_t>(as_bytes(bytes), at);
}
void put(std::string& bytes, std::size_t at, std::size_t size, std::uint32_t value) {
  for (std::size_t i = 0; i < size; ++i)
    bytes.at(at + i) = static_cast<char>((value >> (8 * i)) & 0xffU);
}

TEST(DamagedCode, TheAppItselfRunsItsModel) {
  const Analysed sane = analyse(app_dex());
  EXPECT_EQ(sane.runs, 1U) << sane.gaps;
}

TEST(DamagedCode, RegistersThatTheMethodLacksMakeItUnreadable) {
  const std::map<std::string, DexUnits> damages = {
      {"move v15, v1", {0x1f01}},
      {"move v1, v15", {0xf101}},
      {"move/from16 v200, v1", {0xc802, 0x0001}},
      {"move/from16 v1, v60000", {0x0102, 60000}},
      {"move/16 v60000, v1", {0x0003, 60000, 1}},
      {"move-object/16 v1, v8", {0x0009, 1, kRegisters}},
      {"move-wide v7, v0", {0x0704}},  // the pair's second half is missing
      {"const/4 v9", {0x0912}},
      {"const/16 v255", {0xff13, 1}},
      {"const v9", {0x0914, 1, 0}},
      {"const-wide/16 v7", {0x0716, 1}},
      {"const-wide v9", {0x0918, 1, 2, 3, 4}},
      {"const-string v99", {0x631a, 0}},
      {"monitor-enter v8", {0x081d}},
      {"array-length v1, v9", {0x9121}},
      {"aget v1, v200, v2", {0x0144, 0x02c8}},
      {"aput v1, v2, v200", {0x014b, 0xc802}},
      {"iget v1, v9", {0x9152, 0}},
      {"sput v77", {0x4d67, 0}},
      {"if-eq v9, v1", {0x1932, 2}},
      {"if-eqz v99", {0x6338, 2}},
      {"add-int v1, v2, v99", {0x0190, 0x6302}},
      {"add-int/2addr v9, v1", {0x19b0}},
      {"add-int/lit16 v1, v9", {0x91d0, 1}},
      {"add-int/lit8 v1, v99", {0x01d8, 0x0163}},
      {"invoke-static {v15}", {0x1071, 0, 0x000f}},
      {"invoke-static/range {v60000 ..}", {0x0377, 0, 60000}},
      {"filled-new-array {v1, v14}", {0x2024, 0, 0x00e1}},
      {"throw v42", {0x2a27}},
  };
  for (const auto& [name, damage] : damages) {
    const Analysed result = analyse(app_dex(damage));
    EXPECT_EQ(result.runs, 0U) << name;
    EXPECT_NE(result.gaps.find("register"), std::string::npos) << name << "\n" << result.gaps;
  }
}

TEST(DamagedCode, IdsBehindTheirTablesAreUnknownValues) {
  const std::map<std::string, DexUnits> damages = {
      {"const-string", {0x031a, kNowhere}},
      {"const-string/jumbo", {0x031b, 0xffff, 0xffff}},
      {"const-class", {0x031c, kNowhere}},
      {"check-cast", {0x011f, kNowhere}},
      {"instance-of", {0x1320, kNowhere}},
      {"new-instance", {0x0322, kNowhere}},
      {"new-array", {0x1323, kNowhere}},
      {"filled-new-array", {0x1024, kNowhere, 0x0001}},
      {"iget-object", {0x1354, kNowhere}},
      {"iput-object", {0x135b, kNowhere}},
      {"sget-object", {0x0362, kNowhere}},
      {"sput-object", {0x0169, kNowhere}},
      {"invoke-virtual", {0x106e, kNowhere, 0x0001, 0x030c}},
      {"invoke-direct", {0x1070, kNowhere, 0x0001}},
      {"invoke-static/range", {0x0177, kNowhere, 0x0001}},
      {"invoke-polymorphic", {0x10fa, kNowhere, 0x0001, kNowhere}},
      {"invoke-custom", {0x10fc, kNowhere, 0x0001}},
      {"const-method-handle", {0x03fe, kNowhere}},
      {"const-method-type", {0x03ff, kNowhere}},
  };
  for (const auto& [name, damage] : damages) {
    const Analysed result = analyse(app_dex(damage));
    // What stands behind the damage is followed, or the method is given up with a gap.
    EXPECT_TRUE(result.runs == 1U || !result.gaps.empty()) << name;
  }
}

// A table of the file: where its size stands in the header (its offset stands behind), and which
// parts of an item point into other tables.
struct Table {
  const char* name;
  std::size_t header;
  std::size_t item;
  std::vector<std::pair<std::size_t, std::size_t>> indices;  // offset in the item, bytes
};

TEST(DamagedCode, TablesThatPointBehindOtherTablesDoNotReachOutside) {
  const std::vector<Table> tables = {
      {"type_ids", 64, 4, {{0, 4}}},
      {"proto_ids", 72, 12, {{0, 4}, {4, 4}, {8, 4}}},
      {"field_ids", 80, 8, {{0, 2}, {2, 2}, {4, 4}}},
      {"method_ids", 88, 8, {{0, 2}, {2, 2}, {4, 4}}},
      {"class_defs", 96, 32, {{0, 4}, {8, 4}, {12, 4}, {16, 4}, {24, 4}, {28, 4}}},
  };
  const std::string sane = app_dex();
  std::size_t damaged = 0;
  for (const Table& table : tables) {
    const std::size_t count = get32(sane, table.header);
    const std::size_t start = get32(sane, table.header + 4);
    ASSERT_GT(count, 0U) << table.name;
    for (std::size_t i = 0; i < count; ++i) {
      for (const auto& [offset, size] : table.indices) {
        const std::size_t at = start + i * table.item + offset;
        const auto items = static_cast<std::uint32_t>(count);
        for (const std::uint32_t value : {items, 0xfffeU, 0xffffU, 0x7fffffffU, 0xffffffffU}) {
          std::string dex = sane;
          put(dex, at, size, value);
          const Analysed first = analyse(dex);
          EXPECT_LE(first.runs, 1U) << table.name;
          ++damaged;
        }
      }
    }
  }
  EXPECT_GT(damaged, 100U);
}

TEST(DamagedCode, EveryIdOfTheCodeMayBeAnyOther) {
  // Valid ids of the wrong things: a run on what is no interpreter is none, and nothing breaks.
  const std::string sane = app_dex();
  const std::size_t methods = get32(sane, 88);
  const std::size_t types = get32(sane, 64);
  for (std::uint16_t id = 0; id < methods + types + 2; ++id) {
    const Analysed result = analyse(app_dex({0x306e, id, 0x0210, 0x030c, 0x0422, id, 0x041f, id}));
    EXPECT_LE(result.runs, 2U);
  }
}

}  // namespace
}  // namespace dl::program
