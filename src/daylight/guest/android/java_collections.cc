// SPDX-License-Identifier: Apache-2.0
// Lists, maps, sets and their iterators. Maps and sets keep the order in which keys came.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "daylight/guest/android/java_classes.h"

namespace dl::guest {
namespace {

constexpr std::size_t kMaxItems = 10'000'000;

class ListState : public JavaState {
 public:
  std::vector<JavaHeld> items;
};
// Keys are found by their hash code as Java's are; the values of a set are null.
class MapState : public JavaState {
 public:
  struct Row {
    std::int32_t hash = 0;
    JavaHeld key;
    JavaHeld value;
  };
  std::vector<Row> rows;
};
class IteratorState : public JavaState {
 public:
  std::vector<JavaHeld> items;  // as they were when it was made
  std::size_t next = 0;
};
class EntryState : public JavaState {
 public:
  JavaHeld key;
  JavaHeld value;
};

// What an object of one of these classes keeps, made when it is first used: constructors without
// arguments do nothing.
template <typename T>
std::shared_ptr<T> state(OwnJavaWorld& world, JavaReference object) {
  auto known = std::dynamic_pointer_cast<T>(world.state_of(object));
  if (known == nullptr) {
    known = std::make_shared<T>();
    world.set_state(object, known);
  }
  return known;
}

MapState::Row* find_row(OwnJavaWorld& world, MapState& map, JavaReference key) {
  const std::int32_t hash = java_hash(world, key);
  for (MapState::Row& row : map.rows) {
    if (row.hash != hash) continue;
    const JavaReference other = world.refer(row.key);
    const bool equal = java_equal(world, key, other);
    world.forget(other);
    if (equal) return &row;
  }
  return nullptr;
}

// The value that was there before.
JavaHeld put_row(OwnJavaWorld& world, MapState& map, JavaReference key, JavaHeld value) {
  if (MapState::Row* const row = find_row(world, map, key)) {
    std::swap(row->value, value);
    return value;
  }
  if (map.rows.size() >= kMaxItems) {
    world.raise_new("java/lang/OutOfMemoryError", "a map of more entries than the limit");
    return nullptr;
  }
  map.rows.push_back({java_hash(world, key), world.hold(key), std::move(value)});
  return nullptr;
}

JavaHeld remove_row(OwnJavaWorld& world, MapState& map, JavaReference key, bool& there) {
  MapState::Row* const row = find_row(world, map, key);
  there = row != nullptr;
  if (row == nullptr) return nullptr;
  JavaHeld out = row->value;
  map.rows.erase(map.rows.begin() + (row - map.rows.data()));
  return out;
}

JavaHeld new_entry(OwnJavaWorld& world, const MapState::Row& row) {
  const JavaReference entry = world.new_object("java/util/AbstractMap$SimpleEntry");
  auto kept = std::make_shared<EntryState>();
  kept->key = row.key;
  kept->value = row.value;
  world.set_state(entry, std::move(kept));
  JavaHeld out = world.hold(entry);
  world.forget(entry);
  return out;
}

// The elements of any of the collections.
std::vector<JavaHeld> items_of(OwnJavaWorld& world, JavaReference collection) {
  const auto kept = world.state_of(collection);
  if (const auto list = std::dynamic_pointer_cast<ListState>(kept)) return list->items;
  std::vector<JavaHeld> out;
  if (const auto map = std::dynamic_pointer_cast<MapState>(kept)) {
    for (const MapState::Row& row : map->rows) out.push_back(row.key);
  }
  return out;
}

// ---- lists ----

bool bad_index(const JavaCall& call, std::int64_t i, std::size_t size) {
  if (i >= 0 && i < static_cast<std::int64_t>(size)) return false;
  call.world.raise_new("java/lang/IndexOutOfBoundsException",
                       "Index: " + std::to_string(i) + ", Size: " + std::to_string(size));
  return true;
}

std::ptrdiff_t index_of(OwnJavaWorld& world, const std::vector<JavaHeld>& items,
                        JavaReference object) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    const JavaReference each = world.refer(items[i]);
    const bool equal = java_equal(world, object, each);
    if (each != 0) world.forget(each);
    if (equal) return static_cast<std::ptrdiff_t>(i);
  }
  return -1;
}

bool full(const JavaCall& call, const ListState& list) {
  if (list.items.size() < kMaxItems) return false;
  call.world.raise_new("java/lang/OutOfMemoryError", "a list of more elements than the limit");
  return true;
}

JavaValue list_add_at(const JavaCall& call) {
  const auto list = state<ListState>(call.world, call.receiver);
  const std::int64_t i = int_argument(call, 0);
  if (full(call, *list) || bad_index(call, i, list->items.size() + 1)) return {};
  list->items.insert(list->items.begin() + i, call.world.hold(reference_argument(call, 1)));
  return {};
}

JavaValue list_remove_at(const JavaCall& call) {
  const auto list = state<ListState>(call.world, call.receiver);
  const std::int64_t i = int_argument(call, 0);
  if (bad_index(call, i, list->items.size())) return java_null();
  const JavaHeld out = list->items[static_cast<std::size_t>(i)];
  list->items.erase(list->items.begin() + i);
  return JavaValue::reference(call.world.refer(out));
}

JavaValue list_set(const JavaCall& call) {
  const auto list = state<ListState>(call.world, call.receiver);
  const std::int64_t i = int_argument(call, 0);
  if (bad_index(call, i, list->items.size())) return java_null();
  JavaHeld held = call.world.hold(reference_argument(call, 1));
  std::swap(held, list->items[static_cast<std::size_t>(i)]);
  return JavaValue::reference(call.world.refer(held));
}

void add_lists(OwnJavaWorld& world) {
  const auto on = [&](const char* member, const JavaHandler& handler) {
    handle_all(world,
               {"java/util/ArrayList", "java/util/List", "java/util/LinkedList", "java/util/Vector",
                "java/util/AbstractList"},
               member, handler);
  };
  on("get(I)Ljava/lang/Object;", [](const JavaCall& call) {
    const auto list = state<ListState>(call.world, call.receiver);
    const std::int64_t i = int_argument(call, 0);
    if (bad_index(call, i, list->items.size())) return java_null();
    return JavaValue::reference(call.world.refer(list->items[static_cast<std::size_t>(i)]));
  });
  on("set(ILjava/lang/Object;)Ljava/lang/Object;", &list_set);
  on("add(ILjava/lang/Object;)V", &list_add_at);
  on("remove(I)Ljava/lang/Object;", &list_remove_at);
  on("indexOf(Ljava/lang/Object;)I", [](const JavaCall& call) {
    const auto list = state<ListState>(call.world, call.receiver);
    return java_int(index_of(call.world, list->items, reference_argument(call, 0)));
  });
  const JavaHandler from_collection = [](const JavaCall& call) {
    if (null_argument(call, 0)) return java_null();
    return JavaValue::reference(
        new_list(call.world, items_of(call.world, reference_argument(call, 0))));
  };
  handle_all(world, {"java/util/ArrayList", "java/util/LinkedList"},
             "<init>(Ljava/util/Collection;)V", from_collection);
  handle_all(world, {"java/util/Arrays"}, "asList([Ljava/lang/Object;)Ljava/util/List;",
             [](const JavaCall& call) {
               if (null_argument(call, 0)) return java_null();
               std::vector<JavaHeld> items;
               const JavaReference array = reference_argument(call, 0);
               for (std::uint64_t i = 0; i < call.world.length_of(array); ++i) {
                 const JavaReference each = call.world.element(array, i);
                 items.push_back(call.world.hold(each));
                 if (each != 0) call.world.forget(each);
               }
               return JavaValue::reference(new_list(call.world, std::move(items)));
             });
}

// ---- what lists and sets share ----

bool is_set(const JavaCall& call) {
  const std::string klass = call.world.class_name(call.receiver);
  return std::dynamic_pointer_cast<MapState>(call.world.state_of(call.receiver)) != nullptr ||
         klass.ends_with("Set") || call.method.owner.ends_with("Set");
}

bool add_item(const JavaCall& call, JavaReference item) {
  if (is_set(call)) {
    const auto set = state<MapState>(call.world, call.receiver);
    if (find_row(call.world, *set, item) != nullptr) return false;
    put_row(call.world, *set, item, nullptr);
    return true;
  }
  const auto list = state<ListState>(call.world, call.receiver);
  if (full(call, *list)) return false;
  list->items.push_back(call.world.hold(item));
  return true;
}

bool remove_item(const JavaCall& call, JavaReference item) {
  if (is_set(call)) {
    bool there = false;
    remove_row(call.world, *state<MapState>(call.world, call.receiver), item, there);
    return there;
  }
  const auto list = state<ListState>(call.world, call.receiver);
  const std::ptrdiff_t i = index_of(call.world, list->items, item);
  if (i >= 0) list->items.erase(list->items.begin() + i);
  return i >= 0;
}

JavaReference new_iterator(OwnJavaWorld& world, std::vector<JavaHeld> items) {
  const JavaReference iterator = world.new_object("java/util/Iterator");
  auto kept = std::make_shared<IteratorState>();
  kept->items = std::move(items);
  world.set_state(iterator, std::move(kept));
  return iterator;
}

JavaValue to_array(const JavaCall& call) {
  const std::vector<JavaHeld> items = items_of(call.world, call.receiver);
  JavaReference klass = call.world.find_class("java/lang/Object");
  if (!call.arguments.empty() && reference_argument(call, 0) != 0) {
    // An array of the same class as the one that is given.
    const std::string of = call.world.class_name(reference_argument(call, 0));
    if (of.starts_with("[L")) klass = call.world.find_class(of.substr(2, of.size() - 3));
  }
  const JavaReference array = call.world.new_array('L', klass, items.size());
  for (std::size_t i = 0; array != 0 && i < items.size(); ++i) {
    const JavaReference each = call.world.refer(items[i]);
    call.world.set_element(array, i, each);
    if (each != 0) call.world.forget(each);
  }
  return JavaValue::reference(array);
}

void add_collections(OwnJavaWorld& world) {
  const auto on = [&](const char* member, const JavaHandler& handler) {
    handle_all(world,
               {"java/util/ArrayList", "java/util/List", "java/util/LinkedList", "java/util/Vector",
                "java/util/Collection", "java/util/Set", "java/util/HashSet",
                "java/util/LinkedHashSet", "java/util/AbstractList", "java/lang/Iterable"},
               member, handler);
  };
  on("size()I", [](const JavaCall& call) {
    return java_int(static_cast<std::int64_t>(items_of(call.world, call.receiver).size()));
  });
  on("isEmpty()Z", [](const JavaCall& call) {
    return java_boolean(items_of(call.world, call.receiver).empty());
  });
  on("add(Ljava/lang/Object;)Z", [](const JavaCall& call) {
    return java_boolean(add_item(call, reference_argument(call, 0)));
  });
  on("remove(Ljava/lang/Object;)Z", [](const JavaCall& call) {
    return java_boolean(remove_item(call, reference_argument(call, 0)));
  });
  on("addAll(Ljava/util/Collection;)Z", [](const JavaCall& call) {
    if (null_argument(call, 0)) return java_boolean(false);
    bool changed = false;
    for (const JavaHeld& held : items_of(call.world, reference_argument(call, 0))) {
      const JavaReference each = call.world.refer(held);
      changed = add_item(call, each) || changed;
      if (each != 0) call.world.forget(each);
    }
    return java_boolean(changed);
  });
  on("clear()V", [](const JavaCall& call) {
    call.world.set_state(call.receiver, nullptr);
    return JavaValue{};
  });
  on("contains(Ljava/lang/Object;)Z", [](const JavaCall& call) {
    return java_boolean(index_of(call.world, items_of(call.world, call.receiver),
                                 reference_argument(call, 0)) >= 0);
  });
  on("iterator()Ljava/util/Iterator;", [](const JavaCall& call) {
    return JavaValue::reference(new_iterator(call.world, items_of(call.world, call.receiver)));
  });
  on("toArray()[Ljava/lang/Object;", &to_array);
  on("toArray([Ljava/lang/Object;)[Ljava/lang/Object;", &to_array);

  handle_all(world, {"java/util/Iterator"}, "hasNext()Z", [](const JavaCall& call) {
    const auto kept = state<IteratorState>(call.world, call.receiver);
    return java_boolean(kept->next < kept->items.size());
  });
  handle_all(world, {"java/util/Iterator"}, "next()Ljava/lang/Object;", [](const JavaCall& call) {
    const auto kept = state<IteratorState>(call.world, call.receiver);
    if (kept->next >= kept->items.size()) {
      call.world.raise_new("java/util/NoSuchElementException", "");
      return java_null();
    }
    return JavaValue::reference(call.world.refer(kept->items[kept->next++]));
  });
}

// ---- maps ----

void add_maps(OwnJavaWorld& world) {
  const auto on = [&](const char* member, const JavaHandler& handler) {
    handle_all(
        world,
        {"java/util/HashMap", "java/util/Map", "java/util/LinkedHashMap", "java/util/TreeMap",
         "java/util/Hashtable", "java/util/AbstractMap", "java/util/concurrent/ConcurrentHashMap"},
        member, handler);
  };
  on("size()I", [](const JavaCall& call) {
    const auto map = state<MapState>(call.world, call.receiver);
    return java_int(static_cast<std::int64_t>(map->rows.size()));
  });
  on("isEmpty()Z", [](const JavaCall& call) {
    return java_boolean(state<MapState>(call.world, call.receiver)->rows.empty());
  });
  on("clear()V", [](const JavaCall& call) {
    state<MapState>(call.world, call.receiver)->rows.clear();
    return JavaValue{};
  });
  on("get(Ljava/lang/Object;)Ljava/lang/Object;", [](const JavaCall& call) {
    const auto map = state<MapState>(call.world, call.receiver);
    const MapState::Row* const row = find_row(call.world, *map, reference_argument(call, 0));
    return JavaValue::reference(row == nullptr ? 0 : call.world.refer(row->value));
  });
  on("containsKey(Ljava/lang/Object;)Z", [](const JavaCall& call) {
    const auto map = state<MapState>(call.world, call.receiver);
    return java_boolean(find_row(call.world, *map, reference_argument(call, 0)) != nullptr);
  });
  on("put(Ljava/lang/Object;Ljava/lang/Object;)Ljava/lang/Object;", [](const JavaCall& call) {
    const auto map = state<MapState>(call.world, call.receiver);
    const JavaHeld before = put_row(call.world, *map, reference_argument(call, 0),
                                    call.world.hold(reference_argument(call, 1)));
    return JavaValue::reference(call.world.refer(before));
  });
  on("remove(Ljava/lang/Object;)Ljava/lang/Object;", [](const JavaCall& call) {
    bool there = false;
    const JavaHeld before = remove_row(call.world, *state<MapState>(call.world, call.receiver),
                                       reference_argument(call, 0), there);
    return JavaValue::reference(call.world.refer(before));
  });
  // Views: as they are at the time of the call.
  on("entrySet()Ljava/util/Set;", [](const JavaCall& call) {
    const auto map = state<MapState>(call.world, call.receiver);
    std::vector<JavaHeld> entries;
    for (const MapState::Row& row : map->rows) entries.push_back(new_entry(call.world, row));
    return JavaValue::reference(new_list(call.world, std::move(entries)));
  });
  on("keySet()Ljava/util/Set;", [](const JavaCall& call) {
    return JavaValue::reference(new_list(call.world, items_of(call.world, call.receiver)));
  });
  on("values()Ljava/util/Collection;", [](const JavaCall& call) {
    const auto map = state<MapState>(call.world, call.receiver);
    std::vector<JavaHeld> values;
    for (const MapState::Row& row : map->rows) values.push_back(row.value);
    return JavaValue::reference(new_list(call.world, std::move(values)));
  });
  const auto entry = [&](const char* member, JavaHeld EntryState::*part) {
    handle_all(world, {"java/util/Map$Entry", "java/util/AbstractMap$SimpleEntry"}, member,
               [part](const JavaCall& call) {
                 const auto kept = state<EntryState>(call.world, call.receiver);
                 return JavaValue::reference(call.world.refer((*kept).*part));
               });
  };
  entry("getKey()Ljava/lang/Object;", &EntryState::key);
  entry("getValue()Ljava/lang/Object;", &EntryState::value);
}

}  // namespace

JavaReference new_list(OwnJavaWorld& world, std::vector<JavaHeld> items) {
  const JavaReference list = world.new_object("java/util/ArrayList");
  auto kept = std::make_shared<ListState>();
  kept->items = std::move(items);
  world.set_state(list, std::move(kept));
  return list;
}

void add_collection_classes(OwnJavaWorld& world) {
  add_collections(world);
  add_lists(world);
  add_maps(world);
}

}  // namespace dl::guest
