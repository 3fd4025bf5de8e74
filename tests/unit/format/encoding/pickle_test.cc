// SPDX-License-Identifier: Apache-2.0
// The pickle machine: values, names, shared and circular parts, and broken programs.
#include "daylight/format/encoding/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace dl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::string_literals;

const PickleValue& root_of(const Pickle& pickle) { return pickle.at(pickle.root); }

// Each program is what Python's pickle.dumps writes for the value in the comment.
TEST(Pickle, ReadsNumbersAndTexts) {
  // (1, -2, 300, 70000, 2**40, 0.5, True, None, "é", b"\x00")
  const std::string bytes =
      "\x80\x04("
      "K\x01J\xfe\xff\xff\xffM\x2c\x01J\x70\x11\x01\x00"s
      "\x8a\x06\x00\x00\x00\x00\x00\x01"s
      "G\x3f\xe0\x00\x00\x00\x00\x00\x00\x88N\x8c\x02\xc3\xa9\x94"s
      "C\x01\x00\x94t\x94."s
      "tail";
  const auto pickle = read_pickle(as_bytes(bytes));
  ASSERT_TRUE(pickle) << pickle.error().what;
  EXPECT_EQ(pickle->protocol, 4);
  EXPECT_EQ(pickle->size, bytes.size() - 4);
  const PickleValue& root = root_of(*pickle);
  ASSERT_EQ(root.kind, PickleKind::kTuple);
  ASSERT_EQ(root.items.size(), 10U);
  EXPECT_EQ(pickle->at(root.items[1]).integer, -2);
  EXPECT_EQ(pickle->at(root.items[2]).integer, 300);
  EXPECT_EQ(pickle->at(root.items[3]).integer, 70000);
  EXPECT_EQ(pickle->at(root.items[4]).integer, std::int64_t{1} << 40);
  EXPECT_EQ(pickle->at(root.items[5]).real, 0.5);
  EXPECT_EQ(pickle->at(root.items[6]).kind, PickleKind::kBool);
  EXPECT_EQ(pickle->at(root.items[7]).kind, PickleKind::kNone);
  EXPECT_EQ(pickle->at(root.items[8]).text, "é");
  EXPECT_EQ(pickle->at(root.items[9]).text.size(), 1U);
}

TEST(Pickle, RecordsWhatWouldBeImportedAndCalled) {
  // An object whose __reduce__ runs a command.
  const std::string bytes =
      "\x80\x02"
      "cposix\nsystem\nq\0X\x04\0\0\0haltq\x01\x85q\x02Rq\x03."s;
  const auto pickle = read_pickle(as_bytes(bytes));
  ASSERT_TRUE(pickle) << pickle.error().what;
  EXPECT_THAT(pickle->globals, ElementsAre("posix system"));
  const PickleValue& root = root_of(*pickle);
  EXPECT_EQ(root.kind, PickleKind::kCall);
  EXPECT_EQ(pickle->callee(root), "posix system");
  EXPECT_EQ(pickle->at(pickle->at(root.items[1]).items[0]).text, "halt");
}

TEST(Pickle, ReadsObjectsWithTheirState) {
  // Protocol 4: an object of sklearn.svm.SVC with {"C": 1.5}
  const std::string bytes =
      "\x80\x04\x8c\x0bsklearn.svm\x94\x8c\x03SVC\x94\x93\x94)\x81\x94}\x94(\x8c\x01"
      "C\x94G\x3f\xf8\0\0\0\0\0\0ub."s;
  const auto pickle = read_pickle(as_bytes(bytes));
  ASSERT_TRUE(pickle) << pickle.error().what;
  const PickleValue& root = root_of(*pickle);
  EXPECT_EQ(root.kind, PickleKind::kObject);
  EXPECT_EQ(pickle->callee(root), "sklearn.svm SVC");
  const PickleValue* c = pickle->find(pickle->at(root.state), "C");
  ASSERT_NE(c, nullptr);
  EXPECT_EQ(c->real, 1.5);
}

TEST(Pickle, ReadsTheTextProtocol) {
  // Protocol 0: {"a": [1, 2L, 1.25, True]} with a memo.
  const std::string bytes = "(dp0\nVa\np1\n(lp2\nI1\naL2L\naF1.25\naI01\nasS'x'\ng2\ns.";
  const auto pickle = read_pickle(as_bytes(bytes));
  ASSERT_TRUE(pickle) << pickle.error().what;
  const PickleValue* list = pickle->find(root_of(*pickle), "a");
  ASSERT_NE(list, nullptr);
  ASSERT_EQ(list->items.size(), 4U);
  EXPECT_EQ(pickle->at(list->items[1]).integer, 2);
  EXPECT_EQ(pickle->at(list->items[2]).real, 1.25);
}

TEST(Pickle, AListMayHoldItself) {
  // a = []; a.append(a)
  const auto pickle = read_pickle(as_bytes("\x80\x04]\x94h\0a."s));
  ASSERT_TRUE(pickle);
  EXPECT_THAT(root_of(*pickle).items, ElementsAre(pickle->root));
}

TEST(Pickle, BrokenProgramsFail) {
  const auto why = [](const std::string& bytes) {
    const auto pickle = read_pickle(as_bytes(bytes));
    return pickle ? std::string("read") : pickle.error().what;
  };
  EXPECT_THAT(why(""), HasSubstr("ends before"));
  EXPECT_THAT(why("\x80\x09N."s), HasSubstr("protocol"));
  EXPECT_THAT(why("R."), HasSubstr("operands"));
  EXPECT_THAT(why("(."), HasSubstr("operands"));
  EXPECT_THAT(why("t."), HasSubstr("mark"));
  EXPECT_THAT(why("h\x05."), HasSubstr("never there"));
  EXPECT_THAT(why("X\xff\xff\xff\x7f"), HasSubstr("outside"));
  EXPECT_THAT(why("Ione\n."), HasSubstr("number"));
  EXPECT_THAT(why("cos"), HasSubstr("line"));
  EXPECT_THAT(why("\xff"), HasSubstr("unknown"));
  EXPECT_THAT(why("c" + std::string(5000, 'm') + "\nn\n."), HasSubstr("too long"));
}

}  // namespace
}  // namespace dl
