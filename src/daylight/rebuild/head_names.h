// SPDX-License-Identifier: Apache-2.0
// What an answer is called: by its labels, by the text before it, by the model's task, by the
// model's file.
#pragma once

#include <string>
#include <vector>

#include "daylight/artifact/inventory.h"

namespace dl::rebuild {

struct HeadName {
  std::string name;  // a task id, or "output"
  std::string task;  // a task id of the design, or "other"
  std::string why;   // labels|caption|task|file|nothing
};

HeadName name_head(const std::vector<std::string>& labels, const std::string& caption,
                   const ModelRecord& model, const std::vector<TaskRecord>& tasks);

}  // namespace dl::rebuild
