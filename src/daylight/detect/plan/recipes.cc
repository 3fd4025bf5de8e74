// SPDX-License-Identifier: Apache-2.0
// Conditions first, then the places that hold for this app.
#include "daylight/detect/plan/recipes.h"

#include <algorithm>
#include <cassert>
#include <map>

#include "daylight/artifact/selector.h"
#include "daylight/base/digest.h"
#include "daylight/base/embedded.h"
#include "daylight/base/json.h"
#include "daylight/detect/plan/result_receivers.h"

namespace dl {

namespace embedded {
std::span<const File> builtin_recipes();
}

namespace {

using program::AppCode;
using program::ClassIndex;
using program::kNoId;
using program::MethodId;

class RecipeFinder {
 public:
  RecipeFinder(const program::AppPackage& app, const AppCode& code, const Inventory& inventory,
               const std::set<program::ClassId>& near)
      : app_(app), code_(code), index_(code.index()), inventory_(inventory), near_(near) {}

  void add(const Recipe& recipe, std::vector<RecipeHit>& out) const {
    if (!holds(recipe.match)) return;
    const bool by_shape = !recipe.match.json_keys.empty() || !recipe.match.list_of.empty();
    const std::vector<ResultReceiver> receivers =
        by_shape ? receivers_of(recipe.match) : std::vector<ResultReceiver>();
    if (by_shape && receivers.empty()) return;
    for (const RecipeProbe& probe : recipe.probes) {
      const auto selector = parse_selector(probe.selector);
      if (!selector) continue;
      const bool java =
          selector->kind == SelectorKind::kJava || selector->kind == SelectorKind::kJni;
      if (!java) {
        out.push_back({&recipe, &probe, kNoId, false, probe.decode});
      } else if (by_shape) {
        for (const ResultReceiver& receiver : receivers) {
          if (selects(*selector, receiver.method))
            out.push_back(hit(recipe, probe, receiver.method, receiver.argument, true));
        }
      } else {
        for (const MethodId method : selected(*selector))
          out.push_back(hit(recipe, probe, method, 0, false));
      }
    }
  }

 private:
  static RecipeHit hit(const Recipe& recipe, const RecipeProbe& probe, MethodId method,
                       int argument, bool receives) {
    RecipeHit out{&recipe, &probe, method, receives, {}};
    for (const std::string& rule : probe.decode)
      out.decode.push_back(decode_for_argument(rule, argument));
    return out;
  }

  std::vector<ResultReceiver> receivers_of(const RecipeMatch& match) const {
    if (!match.json_keys.empty())
      return json_receivers(code_, match.json_keys, static_cast<std::size_t>(match.at_least));
    // Objects with a text and a number are common where nothing is inferred.
    if (inventory_.models.empty() && inventory_.frameworks.empty() && inventory_.tasks.empty())
      return {};
    return list_receivers(code_, match.list_of, near_);
  }

  // By the method's own name, or by that of the API before renaming.
  bool selects(const Selector& selector, MethodId method) const {
    std::string_view owner = index_.method_owner(method);
    if (!owner.starts_with('L') || !owner.ends_with(';')) return false;
    owner = owner.substr(1, owner.size() - 2);
    const bool native = index_.method_info(method).is_native();
    if (selector.matches(JavaMethodName{owner, index_.method_name(method),
                                        index_.method_descriptor(method), native})) {
      return true;
    }
    const program::ApiMethod* api = code_.apis().method_of(method);
    if (api == nullptr || !api->renamed) return false;
    const std::size_t dot = api->name.rfind('.');
    std::string klass = api->name.substr(0, dot);
    std::replace(klass.begin(), klass.end(), '.', '/');
    return selector.matches(
        JavaMethodName{klass, api->name.substr(dot + 1), index_.method_descriptor(method), native});
  }

  std::vector<MethodId> selected(const Selector& selector) const {
    std::vector<MethodId> out;
    for (MethodId method = 0; method < index_.method_count(); ++method) {
      if (out.size() == kMaxRecipeMethods) break;
      if (!selects(selector, method)) continue;
      // What only the API itself calls needs no probe; natives may be called by what was not read.
      const auto callers = code_.graph().named_callers(method);
      const bool used =
          std::any_of(callers.begin(), callers.end(), [&](const program::CallerSite& site) {
            return code_.apis().class_of(index_.method_info(site.caller).owner) == nullptr;
          });
      if (used || index_.method_info(method).is_native()) out.push_back(method);
    }
    return out;
  }

  bool holds(const RecipeMatch& match) const {
    const auto has_framework = [&](const std::string& id) {
      return std::any_of(inventory_.frameworks.begin(), inventory_.frameworks.end(),
                         [&](const FrameworkRecord& record) { return record.id == id; });
    };
    const auto has_library = [&](const std::string& written) {
      const auto pattern = TextPattern::parse(written);
      return pattern && std::any_of(app_.entries().begin(), app_.entries().end(),
                                    [&](const program::AppEntry& entry) {
                                      const std::string_view name = entry.name;
                                      return name.ends_with(".so") &&
                                             pattern->matches(name.substr(name.rfind('/') + 1));
                                    });
    };
    const auto has_method = [&](const std::string& written) {
      const auto selector = parse_selector(written);
      return selector && !selected(*selector).empty();
    };
    const auto any = [](const std::vector<std::string>& list, const auto& has) {
      return list.empty() || std::any_of(list.begin(), list.end(), has);
    };
    return any(match.frameworks, has_framework) && any(match.libraries, has_library) &&
           any(match.methods, has_method);
  }

  const program::AppPackage& app_;
  const AppCode& code_;
  const ClassIndex& index_;
  const Inventory& inventory_;
  const std::set<program::ClassId>& near_;
};

}  // namespace

const RecipeSet& RecipeSet::builtin() {
  static const RecipeSet set = [] {
    RecipeSet out;
    for (const embedded::File& file : embedded::builtin_recipes()) {
      [[maybe_unused]] const auto added = out.add(file.bytes, std::string(file.name));
      assert(added);  // the tests read all of them
    }
    return out;
  }();
  return set;
}

Result<void> RecipeSet::add(std::string_view json, const std::string& where) {
  const Json parsed = TRY(parse_json(json, where));
  Recipe recipe = TRY(recipe_from_json(parsed, where));
  const auto place =
      std::lower_bound(recipes_.begin(), recipes_.end(), recipe.id,
                       [](const Recipe& known, const std::string& id) { return known.id < id; });
  if (place != recipes_.end() && place->id == recipe.id) {
    *place = std::move(recipe);
  } else {
    recipes_.insert(place, std::move(recipe));
  }
  return {};
}

std::string RecipeSet::digest() const {
  std::string all;
  for (const Recipe& recipe : recipes_) all += dump_json(to_json(recipe));
  return sha256_hex(all);
}

std::vector<RecipeHit> apply_recipes(const program::AppPackage& app, const AppCode& code,
                                     const Inventory& inventory, const RecipeSet& recipes,
                                     const std::set<program::ClassId>& near) {
  const RecipeFinder finder(app, code, inventory, near);
  std::vector<RecipeHit> out;
  for (const Recipe& recipe : recipes.recipes()) finder.add(recipe, out);
  return out;
}

}  // namespace dl
