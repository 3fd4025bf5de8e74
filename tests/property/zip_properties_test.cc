// SPDX-License-Identifier: Apache-2.0
// Archives of drawn entries, in all the ways to write them, read back as what went in; damaged ones
// never give what lies outside of them.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "daylight/format/archive/zip.h"
#include "hostile_text.h"
#include "support/zip_builder.h"

namespace dl {
namespace {

using dl::testing::BuiltZip;
using dl::testing::ZipItem;

std::string drawn_content() {
  const std::string piece = *dl::testing::hostile_bytes();
  std::string content = piece;
  // Repetition, so that DEFLATE has something to do.
  for (int times = *rc::gen::inRange(0, 20); times > 0; --times) content += piece;
  return content;
}

std::vector<ZipItem> drawn_items() {
  std::vector<ZipItem> items;
  std::set<std::string> names;
  for (int i = *rc::gen::inRange(1, 7); i > 0; --i) {
    ZipItem item;
    item.name = *dl::testing::plain_name();
    if (!names.insert(item.name).second) continue;
    item.content = drawn_content();
    item.deflate = *rc::gen::arbitrary<bool>();
    item.descriptor = *rc::gen::arbitrary<bool>();
    item.zip64 = *rc::gen::arbitrary<bool>();
    items.push_back(std::move(item));
  }
  return items;
}

RC_GTEST_PROP(ZipArchive, ReadsBackWhatWasWritten, ()) {
  const std::vector<ZipItem> items = drawn_items();
  const std::string comment = *rc::gen::container<std::string>(rc::gen::inRange('a', 'z'));
  const BuiltZip zip = dl::testing::build_zip(items, "", comment, *rc::gen::arbitrary<bool>());
  const auto archive = ZipArchive::open(zip.span(), "drawn.zip");
  RC_ASSERT(archive.has_value());
  RC_ASSERT(!archive->recovered());
  RC_ASSERT(archive->entries().size() == items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    const ZipEntry* found = archive->find(items[i].name);
    RC_ASSERT(found == &archive->entries()[i]);
    const auto content = archive->read(*found);
    RC_ASSERT(content.has_value());
    RC_ASSERT(!content->gap.has_value());
    RC_ASSERT(as_text(content->bytes()) == items[i].content);
    RC_ASSERT(content->is_view() == !items[i].deflate || items[i].content.empty());
    // A limit below the content is kept, one at it is not in the way.
    if (items[i].content.empty()) continue;
    RC_ASSERT(!archive->read(*found, {items[i].content.size() - 1, true}));
    RC_ASSERT(archive->read(*found, {items[i].content.size(), true}).has_value());
  }
}

RC_GTEST_PROP(ZipArchive, RecoversEntriesWhereTheDirectoryIsCutOff, ()) {
  std::vector<ZipItem> items = drawn_items();
  for (ZipItem& item : items) item.descriptor = item.zip64 = false;
  const BuiltZip zip = dl::testing::build_zip(items);
  const auto archive = ZipArchive::open(zip.span().first(zip.directory_offset), "cut.zip");
  RC_ASSERT(archive.has_value());
  RC_ASSERT(archive->recovered() && !archive->gaps().empty());
  for (const ZipItem& item : items) {
    const ZipEntry* found = archive->find(item.name);
    RC_ASSERT(found != nullptr);
    const auto content = archive->read(*found);
    RC_ASSERT(content.has_value() && as_text(content->bytes()) == item.content);
  }
}

RC_GTEST_PROP(ZipArchive, DamageIsSeenOrHarmless, ()) {
  const std::vector<ZipItem> items = drawn_items();
  BuiltZip zip = dl::testing::build_zip(items);
  const auto at = *rc::gen::inRange<std::size_t>(0, zip.bytes.size());
  zip.bytes[at] = static_cast<char>(zip.bytes[at] ^ *rc::gen::inRange(1, 256));
  const auto archive = ZipArchive::open(zip.span(), "damaged.zip");
  if (!archive) return;
  for (const ZipEntry& entry : archive->entries()) {
    RC_ASSERT(entry.data.empty() ||
              (entry.data.data() >= zip.span().data() &&
               entry.data.data() + entry.data.size() <= zip.span().data() + zip.bytes.size()));
    const auto content = archive->read(entry);
    if (!content || content->gap || entry.recovered) continue;
    // What is given without a word was in the archive.
    bool known = false;
    for (const ZipItem& item : items) known = known || as_text(content->bytes()) == item.content;
    RC_ASSERT(known);
  }
}

}  // namespace
}  // namespace dl
