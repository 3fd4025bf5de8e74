// SPDX-License-Identifier: Apache-2.0
// Runs picture_files.py and reads what it wrote.
#include "picture_files.h"

#include <gtest/gtest.h>

#include "daylight/artifact/table.h"
#include "daylight/base/file.h"
#include "daylight/base/text.h"
#include "support/shared_data.h"

namespace dl::testing {

std::vector<PictureFile> make_picture_files() {
  const TemporaryFolder folder;
  const auto script = project_file("tests/unit/replay/picture_files.py");
  if (!run_command(test_python() + " " + script.string() + " " + folder.path().string() +
                   " 2>/dev/null")) {
    return {};
  }
  const auto table = read_csv(folder.path() / "pictures.csv");
  EXPECT_TRUE(table);
  std::vector<PictureFile> files;
  for (const auto& row : table->rows) {
    PictureFile file;
    file.name = row[0];
    const auto number = [&](std::size_t column) {
      return static_cast<int>(*parse_integer(row[column]));
    };
    file.width = number(1);
    file.height = number(2);
    file.channels = number(3);
    file.orientation = number(4);
    file.tolerance = number(5);
    file.bytes = *read_file(folder.path() / file.name);
    const std::string raw = *read_file(folder.path() / (file.name + ".raw"));
    file.pixels.assign(raw.begin(), raw.end());
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace dl::testing
