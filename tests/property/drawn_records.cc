// SPDX-License-Identifier: Apache-2.0
// Records field by field, from the vocabularies that the schemas list.
#include "drawn_records.h"

#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "daylight/artifact/decode_rule.h"
#include "daylight/artifact/selector.h"
#include "daylight/base/text.h"
#include "hostile_text.h"

namespace dl::testing {
namespace {

bool coin() { return *rc::gen::arbitrary<bool>(); }

std::string one_of(std::initializer_list<const char*> words) {
  return *rc::gen::elementOf(std::vector<std::string>(words.begin(), words.end()));
}

// Printable text, short enough not to be cut; may be empty.
std::string text() { return printable(*awkward_text(), 150); }
std::string name() {
  const std::string drawn = text();
  return drawn.empty() ? "n" : drawn;
}

std::string digest() {
  return *rc::gen::container<std::string>(64, rc::gen::elementOf(std::string("0123456789abcdef")));
}

// Counts, sizes and offsets: as large as files may be, not larger than validators of JSON can hold.
std::uint64_t whole() {
  return *rc::gen::oneOf(rc::gen::inRange<std::uint64_t>(0, 100),
                         rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << 62));
}

std::optional<double> measure() {
  if (coin()) return std::nullopt;
  const double value = *rc::gen::arbitrary<double>();
  return std::isfinite(value) ? value : 0.0;
}

// A probability.
std::optional<double> share() {
  if (coin()) return std::nullopt;
  return *rc::gen::inRange(0, 1001) / 1000.0;
}

// Puts the interval around the value, as every estimate has it.
void order(std::optional<double>& low, std::optional<double>& value, std::optional<double>& high) {
  std::vector<double> numbers;
  for (const auto* number : {&low, &value, &high}) {
    if (*number) numbers.push_back(**number);
  }
  std::sort(numbers.begin(), numbers.end());
  std::size_t next = 0;
  for (auto* number : {&low, &value, &high}) {
    if (*number) *number = numbers[next++];
  }
}

// Zero to `most` items (at least `least`), each drawn by `draw`.
template <typename Draw>
auto some(int least, int most, Draw draw) {
  std::vector<decltype(draw())> items;
  for (int i = *rc::gen::inRange(least, most + 1); i > 0; --i) items.push_back(draw());
  return items;
}

Json object() {
  Json json = Json::object();
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
    json[name()] = coin() ? Json(text()) : Json({1, nullptr, {{"deep", 0.5}}});
  }
  return json;
}

Provenance provenance() {
  Provenance out;
  out.inputs = some(0, 2, [] { return InputDigest{name(), text(), digest()}; });
  out.options = object();
  if (coin()) out.seed = *rc::gen::arbitrary<std::uint64_t>();
  out.runtime = object();
  return out;
}

Evidence evidence() {
  Evidence out;
  out.kind = one_of({"code", "native", "asset", "manifest", "trace", "user"});
  out.file = name();
  out.entry = some(0, 2, name);
  if (coin()) out.offset = whole();
  if (coin()) out.method = name();
  out.rule = name();
  out.excerpt = text();
  return out;
}

Gap gap() { return {text(), name()}; }
Use use() {
  return *rc::gen::element(Use::kPresent, Use::kReachable, Use::kExecuted, Use::kAnswered);
}
Origin origin() { return {one_of({"first-party", "sdk", "unknown"}), text(), text()}; }

TensorInfo tensor() {
  TensorInfo out;
  out.name = text();
  out.shape = some(0, 5, [] { return *rc::gen::inRange<std::int64_t>(-1, 1 << 20); });
  out.dtype = one_of({"float32", "uint8", "int8", "int64", "string", "other"});
  out.quant_scale =
      some(0, 3, [] { return static_cast<float>(*rc::gen::inRange(1, 999)) / 128.0F; });
  for (std::size_t i = 0; i < out.quant_scale.size(); ++i)
    out.quant_zero_point.push_back(*rc::gen::arbitrary<std::int64_t>());
  return out;
}

ModelRecord model() {
  ModelRecord out;
  out.id = name();
  out.format = name();
  out.location = {name(), some(0, 2, name), whole(), whole()};
  out.sha256 = digest();
  if (coin()) out.graph_hash = digest();
  out.encryption = one_of({"none", "xor", "encrypted", "compressed-only", "unknown"});
  out.encryption_key = text();
  if (coin()) out.weights_hash = digest();
  if (coin()) out.known = one_of({"blaze face", "mobilenet v2"});
  out.inputs = some(0, 2, tensor);
  out.outputs = some(0, 2, tensor);
  out.operators = some(0, 3, name);
  out.last_operator = text();
  out.metadata = object();
  out.labels = some(0, 3, text);
  out.origin = origin();
  out.use = use();
  out.evidence = some(1, 2, evidence);
  return out;
}

CallRecord call() {
  CallRecord out;
  out.id = name();
  out.api = name();
  out.framework = name();
  out.caller = name();
  out.klass = name();
  out.method = name();
  out.obfuscated = coin();
  out.use = use();
  out.origin = origin();
  out.evidence = some(1, 2, evidence);
  return out;
}

FrameworkRecord framework() {
  FrameworkRecord out;
  out.id = name();
  out.version = text();
  out.layer = one_of({"java", "native", "manifest"});
  out.linked = one_of({"shared", "static", "unbundled"});
  out.origin = origin();
  out.evidence = some(1, 2, evidence);
  return out;
}

TaskRecord task() {
  TaskRecord out;
  out.id = name();
  out.task = one_of({"age", "gender", "face-detection", "emotion", "other"});
  out.sensitive = coin();
  out.confidence = one_of({"low", "medium", "high"});
  out.model = text();
  out.use = use();
  out.evidence = some(1, 2, evidence);
  return out;
}

Proof proof() {
  Proof out;
  out.kind = one_of({"bytes-equal", "fitted", "static", "declared", "assumed"});
  if (out.kind == "fitted") out.residual = std::abs(measure().value_or(0.5));
  if (out.kind == "declared") out.by = one_of({"model-metadata", "user"});
  if (out.kind == "declared" || out.kind == "assumed") out.why = name();
  return out;
}

Head head(const std::string& named, const std::string& sink) {
  Head out;
  out.name = named;
  out.kind = one_of({"scalar", "probability", "scores", "label", "embedding", "boxes"});
  out.sink = sink;
  out.task = one_of({"age", "gender", "other"});
  if (coin()) out.range = {measure().value_or(0.0), measure().value_or(1.0)};
  out.labels = some(0, 3, text);
  if (!out.labels.empty()) out.labels_proof = proof();
  out.maps = Json::object();
  for (const std::string& label : out.labels) out.maps[label] = text();
  return out;
}

Estimate estimate() {
  Estimate out;
  out.head = name();
  out.metric = name();
  out.label = text();
  out.attribute = text();
  out.group = text();
  out.value = measure();
  out.low = measure();
  out.high = measure();
  order(out.low, out.value, out.high);
  out.n = whole();
  if (coin() && out.n > 0) {
    out.k = static_cast<double>(*rc::gen::inRange<std::uint64_t>(0, out.n + 1));
    out.value = *out.k / static_cast<double>(out.n);
    out.low = out.value;
    out.high = out.value;
  }
  out.method = name();
  out.source = one_of({"replayed", "captured", "given"});
  out.denominator = one_of({"all", "answered"});
  out.why = text();
  return out;
}

Disparity disparity() {
  Disparity out;
  out.head = name();
  out.metric = name();
  out.label = text();
  out.attribute = name();
  out.group = text();
  out.kind = one_of({"difference", "ratio"});
  out.value = measure();
  out.low = measure();
  out.high = measure();
  order(out.low, out.value, out.high);
  out.method = name();
  out.p = share();
  out.p_adjusted = share();
  out.family = text();
  out.n_group = whole();
  out.n_reference = whole();
  out.why = text();
  return out;
}

TestResult test() {
  TestResult out;
  out.id = name();
  out.family = text();
  out.head = name();
  out.metric = name();
  out.label = text();
  out.attribute = name();
  out.method = name();
  out.statistic = measure();
  out.df = measure();
  out.p = share();
  out.p_adjusted = share();
  out.why = text();
  return out;
}

Sensitivity sensitivity() {
  Sensitivity out;
  out.alternative = name();
  out.head = name();
  out.attribute = text();
  out.group = text();
  out.n = whole();
  out.mean_change = measure();
  out.mean_abs_change = measure();
  out.max_abs_change = measure();
  out.label_changes = whole();
  if (coin()) {
    out.metric = one_of({"accuracy", "mae"});
    out.metric_value = measure();
    out.metric_change = measure();
  }
  out.verdicts_survive = coin();
  out.why = text();
  return out;
}

TargetMatch target() {
  TargetMatch out;
  out.head = name();
  out.column = name();
  out.how = one_of({"given", "name"});
  out.kind = one_of({"label", "scalar"});
  out.label_map = some(0, 2, [] { return std::make_pair(name(), name()); });
  if (coin()) {
    AgeTruthTable table;
    table.convention = one_of({"midpoint", "edge-distance", "bounds", "exact"});
    table.rows = some(0, 2, [] {
      return AgeTruthTable::Row{name(), measure().value_or(3.0), measure(),
                                measure().value_or(5.0)};
    });
    out.age_truth = std::move(table);
  }
  return out;
}

}  // namespace

Inventory drawn_inventory() {
  Inventory out;
  out.provenance = provenance();
  out.app.package = text();
  out.app.version_name = text();
  out.app.version_code = text();
  out.app.sha256 = digest();
  out.app.files = some(1, 2, [] { return AppFile{name(), digest(), whole()}; });
  out.app.splits = some(0, 2, name);
  out.app.abis = some(0, 2, name);
  out.app.signers = some(0, 2, [] { return Signer{digest(), one_of({"v1", "v2", "v3"}), coin()}; });
  out.app.permissions = some(0, 2, name);
  out.models = some(0, 2, model);
  out.frameworks = some(0, 2, framework);
  out.calls = some(0, 2, call);
  out.tasks = some(0, 2, task);
  out.gaps = some(0, 2, gap);
  return out;
}

Pipeline drawn_pipeline() {
  Pipeline out;
  out.provenance = provenance();
  // A tree that grows from a source: each later step follows one before it.
  const int steps = *rc::gen::inRange(1, 7);
  for (int i = 0; i < steps; ++i) {
    Step step;
    step.id = "step-" + std::to_string(i);
    step.kind = i == 0
                    ? StepKind::kSource
                    : *rc::gen::element(StepKind::kDecode, StepKind::kTransform, StepKind::kModel,
                                        StepKind::kPostprocess, StepKind::kSink);
    step.layer = one_of({"java", "native", "unknown"});
    step.op = name();
    step.params = object();
    step.evidence = some(1, 2, evidence);
    step.proof = proof();
    step.alternatives = some(0, 2, [] { return Alternative{name(), name(), object(), name()}; });
    out.steps.push_back(std::move(step));
    if (i == 0) continue;
    Edge edge;
    edge.from = "step-" + std::to_string(*rc::gen::inRange(0, i));
    edge.to = "step-" + std::to_string(i);
    edge.each = one_of({"image", "face", "frame", "tile"});
    edge.proof = proof();
    edge.calls = whole();
    out.edges.push_back(std::move(edge));
  }
  out.models = some(0, 2, name);
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
    const std::string sink = "step-" + std::to_string(*rc::gen::inRange(0, steps));
    out.heads.push_back(head(name() + std::to_string(i), sink));
  }
  out.gaps = some(0, 2, gap);
  return out;
}

std::string decode_rule() {
  DecodeRule rule;
  rule.place = *rc::gen::inRange(-2, 5);
  rule.kind = one_of({"tensor", "bytes", "text", "json", "objects"});
  rule.dtype = one_of({"", "float32", "uint8"});
  rule.shape = some(0, 3, [] { return *rc::gen::inRange<std::int64_t>(-1, 300); });
  rule.layout = one_of({"", "nhwc"});
  if (coin()) rule.length = *LengthExpression::parse(one_of({"arg2*4", "return", "7"}));
  rule.direction = *rc::gen::element(PassDirection::kUnsaid, PassDirection::kIn,
                                     PassDirection::kOut, PassDirection::kBoth);
  return print_decode_rule(rule);
}

ProbePlan drawn_probe_plan() {
  ProbePlan out;
  out.provenance = provenance();
  out.probes = some(0, 3, [] {
    Probe probe{name(),
                one_of({"java", "native"}),
                print_selector(symbol_selector(name(), name())),
                name(),
                some(0, 2, decode_rule),
                whole(),
                whole(),
                some(1, 2, name)};
    if (coin()) probe.heads = {{name(), one_of({"score", "number"}), some(0, 2, name), 0.0, {}}};
    return probe;
  });
  out.entries = some(0, 3, [] {
    Entry entry{name(), name(),          name(), one_of({"static", "new", "app-provided"}),
                {},     some(1, 2, name)};
    entry.args = some(0, 2, [] {
      EntryArgument argument{name(), coin(), nullptr};
      if (argument.has_constant) argument.constant = coin() ? Json(text()) : Json(nullptr);
      return argument;
    });
    return entry;
  });
  out.gaps = some(0, 2, gap);
  return out;
}

Assessment drawn_assessment() {
  Assessment out;
  out.provenance = provenance();
  out.targets = some(0, 2, target);
  out.outcomes = some(0, 2, [] {
    return OutcomeCount{name(), text(), text(), one_of({"ok", "no-face", "missing"}), whole()};
  });
  out.estimates = some(0, 2, estimate);
  out.disparities = some(0, 2, disparity);
  out.tests = some(0, 2, test);
  out.verdicts = some(0, 2, [] {
    return Verdict{name(), name(),
                   text(), one_of({"disparity-found", "no-disparity-found", "not-decidable"}),
                   name(), some(0, 2, name)};
  });
  out.sensitivity = some(0, 2, sensitivity);
  out.settings = object();
  out.limits = some(0, 2, gap);
  return out;
}

}  // namespace dl::testing
