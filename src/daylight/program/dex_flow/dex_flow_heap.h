// SPDX-License-Identifier: Apache-2.0
// The objects of an interpreted app, with cheap copies of the whole heap for the two sides of a
// branch.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "daylight/program/code/class_index.h"
#include "daylight/program/dex_flow/dex_flow_graph.h"

namespace dl::program {

inline constexpr ObjectId kMaxFlowObjects = 200000;

enum class FlowObjectKind : std::uint8_t {
  kInstance,  // of a class that the app defines
  kArray,
  kList,       // java.util lists and queues: content in order
  kMap,        // content: index = key
  kBuffer,     // java.nio buffers: content in bytes
  kText,       // StringBuilder: content in `kStateField`
  kFramework,  // of a class that the app does not define: its history is in `kStateField`
  kStatics,    // a class's static fields
};

// Names of values that are no fields of the app's classes.
inline constexpr FieldId kStateField = 0xfffffff0U;
inline constexpr FieldId kPositionField = 0xfffffff1U;
inline constexpr FieldId kLimitField = 0xfffffff2U;
inline constexpr FieldId kParentField = 0xfffffff3U;  // a view's buffer, an iterator's list
inline constexpr FieldId kUnitField = 0xfffffff4U;    // bytes per element of a buffer view
inline constexpr FieldId kStartField = 0xfffffff5U;   // a view's first byte
inline constexpr FieldId kNameField = 0xfffffff6U;    // of an enum constant
inline constexpr FieldId kOrdinalField = 0xfffffff7U;

struct FlowObject {
  ObjectId id = 0;
  FlowObjectKind kind = FlowObjectKind::kInstance;
  ClassId type = kNoId;
  bool ambient = false;  // stands for whatever instance of its class the framework made
  SiteId site = kNoSite;
  std::vector<std::pair<FieldId, NodeId>> fields;  // by field
  FlowSnapshot content;

  NodeId get(FieldId field) const;  // kNoNode if it was never set
  void set(FieldId field, NodeId value);
};

using FlowObjectPtr = std::shared_ptr<const FlowObject>;

// Persistent: copies share everything until they differ. Not thread safe.
class FlowHeap {
 public:
  // Null if this heap has no such object.
  const FlowObject* find(ObjectId id) const;
  FlowObjectPtr share(ObjectId id) const;
  void put(FlowObjectPtr object);

  // Ids whose objects differ between the two.
  static std::vector<ObjectId> differences(const FlowHeap& a, const FlowHeap& b);
  // All ids that are set here.
  std::vector<ObjectId> ids() const;

 private:
  static constexpr std::size_t kChunk = 32;
  using Chunk = std::array<FlowObjectPtr, kChunk>;
  std::vector<std::shared_ptr<Chunk>> chunks_;
};

// What an object holds after one of two ways was taken. `yes` or `no` may be null where that way
// has not seen it; then the other one holds.
FlowObjectPtr merge_objects(FlowGraph& graph, NodeId condition, const FlowObjectPtr& yes,
                            const FlowObjectPtr& no);

}  // namespace dl::program
