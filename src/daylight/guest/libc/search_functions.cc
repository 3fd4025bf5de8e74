// SPDX-License-Identifier: Apache-2.0
// Sorting and searching with the guest's own comparison: arrays, trees, hash tables.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "daylight/guest/libc/system_functions.h"
#include "daylight/guest/machine/guest_machine.h"

namespace dl::guest {
namespace {

// ---- arrays ----

int ask(GuestMachine& machine, std::uint64_t compare, std::uint64_t a, std::uint64_t b) {
  const std::uint64_t arguments[] = {a, b};
  const auto answer = machine.engine.call(compare, arguments);
  return answer ? static_cast<int>(answer->integer) : 0;
}

// A heap sort: whatever the guest's comparison answers, it stays inside and ends.
void qsort_(GuestMachine& machine, std::uint64_t base, std::uint64_t count, std::uint64_t size,
            std::uint64_t compare) {
  std::uint64_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes) ||
      !machine.arena.allows(base, bytes, kPageRead | kPageWrite)) {
    machine.raise(GuestFault::Kind::kMemory, "qsort: the array is not all in its memory");
    return;
  }
  if (count < 2 || size == 0) return;
  const auto item = [&](std::uint64_t i) { return base + i * size; };
  const auto swap = [&](std::uint64_t a, std::uint64_t b) {
    auto* const x = reinterpret_cast<std::uint8_t*>(item(a));
    std::swap_ranges(x, x + size, reinterpret_cast<std::uint8_t*>(item(b)));
  };
  const auto sink = [&](std::uint64_t root, std::uint64_t end) {
    while (2 * root + 1 < end && !machine.engine.faulted()) {
      std::uint64_t child = 2 * root + 1;
      if (child + 1 < end && ask(machine, compare, item(child), item(child + 1)) < 0) ++child;
      if (ask(machine, compare, item(root), item(child)) >= 0) return;
      swap(root, child);
      root = child;
    }
  };
  for (std::uint64_t i = count / 2; i-- > 0;) sink(i, count);
  for (std::uint64_t end = count - 1; end > 0 && !machine.engine.faulted(); --end) {
    swap(0, end);
    sink(0, end);
  }
}

std::uint64_t bsearch_(GuestMachine& machine, std::uint64_t key, std::uint64_t base,
                       std::uint64_t count, std::uint64_t size, std::uint64_t compare) {
  std::uint64_t low = 0;
  std::uint64_t high = count;
  while (low < high && !machine.engine.faulted()) {
    const std::uint64_t middle = low + (high - low) / 2;
    const int order = ask(machine, compare, key, base + middle * size);
    if (order == 0) return base + middle * size;
    if (order < 0) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return 0;
}

std::uint64_t lfind_(GuestMachine& machine, std::uint64_t key, std::uint64_t base,
                     const std::uint64_t* count, std::uint64_t size, std::uint64_t compare) {
  const std::uint64_t many = *count;
  for (std::uint64_t i = 0; i < many && !machine.engine.faulted(); ++i) {
    if (ask(machine, compare, key, base + i * size) == 0)
      return machine.engine.faulted() ? 0 : base + i * size;
  }
  return 0;
}
std::uint64_t lsearch_(GuestMachine& machine, std::uint64_t key, std::uint64_t base,
                       std::uint64_t* count, std::uint64_t size, std::uint64_t compare) {
  const std::uint64_t found = lfind_(machine, key, base, count, size, compare);
  if (found != 0 || machine.engine.faulted()) return found;
  const std::uint64_t to = base + *count * size;
  if (!machine.arena.allows(to, size, kPageWrite) || !machine.arena.allows(key, size, kPageRead)) {
    machine.raise(GuestFault::Kind::kMemory, "lsearch: the array is not all in its memory");
    return 0;
  }
  std::memmove(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(key), size);
  ++*count;
  return to;
}

// ---- trees: nodes lie in the guest's memory, {key, left, right}, without balance ----

struct TreeNode {
  std::uint64_t key = 0;
  std::uint64_t left = 0;
  std::uint64_t right = 0;
};
// A guest can damage its tree: a walk ends after this many nodes.
constexpr std::uint64_t kMaxTreeWalk = 1U << 20U;
constexpr unsigned kMaxTreeDepth = 2'000;

TreeNode* node_at(GuestMachine& machine, std::uint64_t address) {
  if (address % 8 == 0 && machine.arena.allows(address, sizeof(TreeNode), kPageRead | kPageWrite))
    return reinterpret_cast<TreeNode*>(address);
  machine.raise(GuestFault::Kind::kMemory, "a tree's node is not in its memory");
  return nullptr;
}

// Where the pointer to the node with that key is, or would be; null with a fault.
std::uint64_t* tree_slot(GuestMachine& machine, std::uint64_t key, std::uint64_t* root,
                         std::uint64_t compare, std::uint64_t* parent = nullptr) {
  std::uint64_t* slot = root;
  for (std::uint64_t i = 0; *slot != 0 && i < kMaxTreeWalk; ++i) {
    const std::uint64_t address = *slot;
    TreeNode* const node = node_at(machine, address);
    if (node == nullptr) return nullptr;
    const int order = ask(machine, compare, key, node->key);
    if (machine.engine.faulted()) return nullptr;
    if (order == 0) return slot;
    // The comparison may have unmapped it.
    TreeNode* const again = node_at(machine, address);
    if (again == nullptr) return nullptr;
    if (parent != nullptr) *parent = address;
    slot = order < 0 ? &again->left : &again->right;
  }
  return slot;
}
std::uint64_t tfind_(GuestMachine& machine, std::uint64_t key, std::uint64_t* root,
                     std::uint64_t compare) {
  if (root == nullptr) return 0;
  const std::uint64_t* const slot = tree_slot(machine, key, root, compare);
  return slot == nullptr ? 0 : *slot;
}
std::uint64_t tsearch_(GuestMachine& machine, std::uint64_t key, std::uint64_t* root,
                       std::uint64_t compare) {
  if (root == nullptr) return 0;
  std::uint64_t* const slot = tree_slot(machine, key, root, compare);
  if (slot == nullptr) return 0;
  if (*slot != 0) return *slot;
  const std::uint64_t fresh = machine.heap.allocate(sizeof(TreeNode), 16, true);
  if (fresh == 0) return 0;
  reinterpret_cast<TreeNode*>(fresh)->key = key;
  return *slot = fresh;
}
std::uint64_t tdelete_(GuestMachine& machine, std::uint64_t key, std::uint64_t* root,
                       std::uint64_t compare) {
  if (root == nullptr) return 0;
  std::uint64_t parent = reinterpret_cast<std::uint64_t>(root);
  std::uint64_t* const slot = tree_slot(machine, key, root, compare, &parent);
  if (slot == nullptr || *slot == 0) return 0;
  const std::uint64_t leaving = *slot;
  TreeNode* const node = node_at(machine, leaving);
  if (node == nullptr) return 0;
  if (node->left == 0 || node->right == 0) {
    *slot = node->left != 0 ? node->left : node->right;
  } else {
    // The next key takes its place.
    std::uint64_t* from = &node->right;
    TreeNode* next = node_at(machine, *from);
    for (std::uint64_t i = 0; next != nullptr && next->left != 0 && i < kMaxTreeWalk; ++i) {
      from = &next->left;
      next = node_at(machine, *from);
    }
    if (next == nullptr) return 0;
    const std::uint64_t moved = *from;
    *from = next->right;
    next->left = node->left;
    next->right = node->right;
    *slot = moved;
  }
  machine.heap.release(leaving);
  return parent;
}
void walk(GuestMachine& machine, std::uint64_t address, std::uint64_t action, unsigned depth) {
  if (address == 0 || depth > kMaxTreeDepth || machine.engine.faulted()) return;
  const TreeNode* node = node_at(machine, address);
  if (node == nullptr) return;
  const auto visit = [&](unsigned when) {
    const std::uint64_t arguments[] = {address, when, depth};
    (void)machine.engine.call(action, arguments);
    node = machine.engine.faulted() ? nullptr : node_at(machine, address);
  };
  if (node->left == 0 && node->right == 0) {
    visit(3);  // leaf
    return;
  }
  visit(0);  // preorder, postorder (in between), endorder
  if (node != nullptr) walk(machine, node->left, action, depth + 1);
  if (node != nullptr) visit(1);
  if (node != nullptr) walk(machine, node->right, action, depth + 1);
  if (node != nullptr) visit(2);
}
void twalk_(GuestMachine& machine, std::uint64_t root, std::uint64_t action) {
  walk(machine, root, action, 0);
}
void tdestroy_(GuestMachine& machine, std::uint64_t root, std::uint64_t release) {
  std::vector<std::uint64_t> open = {root};
  for (std::uint64_t i = 0; !open.empty() && i < kMaxTreeWalk && !machine.engine.faulted(); ++i) {
    const std::uint64_t address = open.back();
    open.pop_back();
    if (address == 0) continue;
    const TreeNode* const node = node_at(machine, address);
    if (node == nullptr) return;
    open.push_back(node->left);
    open.push_back(node->right);
    const std::uint64_t arguments[] = {node->key};
    if (release != 0) (void)machine.engine.call(release, arguments);
    machine.heap.release(address);
  }
}

// ---- the hash table: entries {key, data} of two words, handed back by address ----

struct HashTable {
  explicit HashTable(GuestMachine&) {}
  std::mutex mutex;
  bool made = false;
  std::size_t room = 0;
  std::unordered_map<std::string, std::uint64_t> entries;  // address of {key, data}
};
int hcreate_(GuestMachine& machine, std::uint64_t room) {
  HashTable& table = machine.part<HashTable>();
  const std::scoped_lock lock(table.mutex);
  if (table.made) return 0;
  table.made = true;
  table.room = static_cast<std::size_t>(std::min<std::uint64_t>(room + 1, 1U << 20U));
  return 1;
}
void hdestroy_(GuestMachine& machine) {
  HashTable& table = machine.part<HashTable>();
  const std::scoped_lock lock(table.mutex);
  for (const auto& [key, address] : table.entries) machine.heap.release(address);
  table.entries.clear();
  table.made = false;
}
// ENTRY by value: two registers. action 0 finds, 1 enters.
std::uint64_t hsearch_(GuestMachine& machine, const char* key, std::uint64_t data, int action) {
  HashTable& table = machine.part<HashTable>();
  if (key == nullptr) return 0;
  const std::string name = key;
  const auto known = [&]() -> std::optional<std::uint64_t> {
    const auto found = table.entries.find(name);
    if (found != table.entries.end()) return found->second;
    errno = action == 1 ? ENOMEM : ESRCH;
    if (action != 1 || !table.made || table.entries.size() >= table.room) return 0;
    return std::nullopt;
  };
  {
    const std::scoped_lock lock(table.mutex);
    if (const auto answer = known()) return *answer;
  }
  const std::uint64_t entry = machine.heap.allocate(16);
  if (entry == 0) return 0;
  const std::uint64_t words[2] = {reinterpret_cast<std::uint64_t>(key), data};
  std::memcpy(reinterpret_cast<void*>(entry), words, sizeof(words));
  const std::scoped_lock lock(table.mutex);
  if (const auto answer = known()) {  // another thread was here
    machine.heap.release(entry);
    return *answer;
  }
  table.entries.emplace(name, entry);
  errno = 0;
  return entry;
}

// ---- doubly linked lists: {next, previous} ----

void insque_(GuestMachine& machine, std::uint64_t element, std::uint64_t before) {
  auto* const own = machine.arena.allows(element, 16, kPageWrite)
                        ? reinterpret_cast<std::uint64_t*>(element)
                        : nullptr;
  if (own == nullptr) return;
  own[0] = own[1] = 0;
  if (before == 0 || !machine.arena.allows(before, 16, kPageRead | kPageWrite)) return;
  auto* const previous = reinterpret_cast<std::uint64_t*>(before);
  own[0] = previous[0];
  own[1] = before;
  if (own[0] != 0 && machine.arena.allows(own[0], 16, kPageWrite))
    reinterpret_cast<std::uint64_t*>(own[0])[1] = element;
  previous[0] = element;
}
void remque_(GuestMachine& machine, std::uint64_t element) {
  if (!machine.arena.allows(element, 16, kPageRead)) return;
  const auto* const own = reinterpret_cast<const std::uint64_t*>(element);
  const std::uint64_t next = own[0];
  const std::uint64_t previous = own[1];
  if (next != 0 && machine.arena.allows(next, 16, kPageWrite))
    reinterpret_cast<std::uint64_t*>(next)[1] = previous;
  if (previous != 0 && machine.arena.allows(previous, 16, kPageWrite))
    reinterpret_cast<std::uint64_t*>(previous)[0] = next;
}

}  // namespace

void add_search_functions(FunctionTable& table) {
  table.add("qsort", &qsort_);
  table.add("bsearch", &bsearch_);
  table.add("lfind", &lfind_);
  table.add("lsearch", &lsearch_);
  table.add("tfind", &tfind_);
  table.add("tsearch", &tsearch_);
  table.add("tdelete", &tdelete_);
  table.add("twalk", &twalk_);
  table.add("tdestroy", &tdestroy_);
  table.add("hcreate", &hcreate_);
  table.add("hdestroy", &hdestroy_);
  table.add("hsearch", &hsearch_);
  table.add("insque", &insque_);
  table.add("remque", &remque_);
}

}  // namespace dl::guest
