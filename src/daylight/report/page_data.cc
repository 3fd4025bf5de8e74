// SPDX-License-Identifier: Apache-2.0
// Graph and chart data for the page's script.
#include "daylight/report/page_data.h"

#include <cmath>
#include <map>

#include "daylight/base/text.h"
#include "daylight/report/experiment.h"
#include "daylight/report/step_words.h"

namespace dl {
namespace {

Json number(const std::optional<double>& value) {
  if (!value || !std::isfinite(*value)) return nullptr;
  return *value;
}

// Nodes are named by their index, never by an id from the artifact. A step that the replay ran
// otherwise is drawn as it was replayed, and is as little proven as what is assumed.
Json graph_data(const ReportInputs& inputs) {
  const Pipeline& pipeline = *inputs.pipeline;
  const KernelExchange exchange = kernel_exchange(inputs);
  Json graph = {{"nodes", Json::array()}, {"edges", Json::array()}, {"heads", Json::array()}};
  std::map<std::string, std::size_t> index;
  for (const Step& step : pipeline.steps) {
    index.emplace(step.id, index.size());
    const bool exchanged = exchange.concerns(step);
    const StepWords words = step_words(step.op, replayed_params(step, exchange), inputs.inventory);
    graph["nodes"].push_back(
        {{"kind", to_string(step.kind)},
         {"title", printable(exchanged ? words.title + " (exchanged)" : words.title, 60)},
         {"detail", printable(words.detail, 60)},
         {"proof", exchanged ? "assumed" : printable(step.proof.kind, 20)},
         {"alternatives", step.alternatives.size()}});
  }
  for (const Edge& edge : pipeline.edges) {
    const auto from = index.find(edge.from);
    const auto to = index.find(edge.to);
    if (from == index.end() || to == index.end()) continue;
    graph["edges"].push_back(
        {{"from", from->second}, {"to", to->second}, {"each", printable(edge.each, 20)}});
  }
  for (const Head& head : pipeline.heads) {
    const auto sink = index.find(head.sink);
    if (sink == index.end()) continue;
    graph["heads"].push_back({{"name", printable(head.name, 40)}, {"node", sink->second}});
  }
  return graph;
}

const char* unit_name(MeasureUnit unit) {
  switch (unit) {
    case MeasureUnit::kProportion:
      return "proportion";
    case MeasureUnit::kYears:
      return "years";
    case MeasureUnit::kPlain:
      return "plain";
  }
  return "plain";
}

Json estimate_data(const Estimate& estimate, bool stands_out) {
  Json row = {{"by", attribute_name(estimate.attribute)},
              {"group", group_name(estimate.group)},
              {"value", number(estimate.value)},
              {"low", number(estimate.low)},
              {"high", number(estimate.high)},
              {"n", estimate.n}};
  if (stands_out) row["differs"] = true;
  if (!estimate.why.empty()) row["why"] = printable(estimate.why);
  return row;
}

Json chart_data(const MeasureTable& table) {
  Json chart = {{"title", printable(table.measure.head) + ": " + measure_title(table.measure)},
                {"unit", unit_name(table.unit)},
                {"zero", table.measure.metric == "signed_error"},
                {"everyone",
                 table.everyone != nullptr ? estimate_data(*table.everyone, false) : Json(nullptr)},
                {"rows", Json::array()}};
  for (const MeasureRow& row : table.rows) {
    chart["rows"].push_back(estimate_data(*row.estimate, row.stands_out));
  }
  return chart;
}

}  // namespace

Json page_data(const ReportInputs& inputs, const std::vector<MeasureTable>& tables) {
  Json data = {{"graph", nullptr}, {"charts", Json::array()}};
  if (inputs.pipeline != nullptr && !inputs.pipeline->steps.empty()) {
    data["graph"] = graph_data(inputs);
  }
  for (const MeasureTable& table : tables) data["charts"].push_back(chart_data(table));
  return data;
}

std::string dump_for_script(const Json& value) {
  const std::string json = dump_json_line(value);
  std::string out;
  out.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    // These characters stand only inside JSON strings, where an escape means the same.
    if (json[i] == '<') {
      out += "\\u003c";
    } else if (json[i] == '>') {
      out += "\\u003e";
    } else if (json[i] == '&') {
      out += "\\u0026";
    } else if (json.compare(i, 3, "\u2028") == 0) {
      out += "\\u2028";
      i += 2;
    } else if (json.compare(i, 3, "\u2029") == 0) {
      out += "\\u2029";
      i += 2;
    } else {
      out += json[i];
    }
  }
  return out;
}

}  // namespace dl
