// SPDX-License-Identifier: Apache-2.0
// Objects, references and what native code wanted.
#include "daylight/guest/jni/own_java_world.h"

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

#include "daylight/guest/jni/modified_utf8.h"

namespace dl::guest {

struct OwnJavaWorld::Object {
  std::string klass;  // "java/lang/String"
  // Of a class: what it stands for.
  std::string named;
  // Of a text.
  std::u16string text;
  // Of an array: letter of the elements, their number, where primitives lie.
  char element = 0;
  std::uint64_t length = 0;
  std::uint64_t data = 0;
  std::vector<ObjectPointer> elements;
  // Of a direct buffer.
  std::uint64_t address = 0;
  std::uint64_t capacity = 0;
  // Fields by name; those that hold objects.
  std::map<std::string, JavaValue> fields;
  std::map<std::string, ObjectPointer> objects;
  std::uint32_t identity = 0;  // 0: nobody asked
  std::shared_ptr<JavaState> state;
};

namespace {

constexpr std::uint64_t kReferenceBase = 0x7a0000000000;
constexpr std::string_view kObject = "java/lang/Object";
constexpr int kMaxHierarchy = 64;

std::uint64_t size_of_element(char type) {
  switch (type) {
    case 'Z':
    case 'B':
      return 1;
    case 'C':
    case 'S':
      return 2;
    case 'I':
    case 'F':
      return 4;
    case 'J':
    case 'D':
      return 8;
    default:
      return 0;
  }
}

// What is known of the platform's classes, as far as native code asks.
std::string platform_superclass(const std::string& name) {
  static const std::map<std::string, std::string, std::less<>> kKnown = {
      {"java/lang/Exception", "java/lang/Throwable"},
      {"java/lang/Error", "java/lang/Throwable"},
      {"java/lang/RuntimeException", "java/lang/Exception"},
      {"java/lang/IllegalArgumentException", "java/lang/RuntimeException"},
      {"java/lang/IllegalStateException", "java/lang/RuntimeException"},
      {"java/lang/NullPointerException", "java/lang/RuntimeException"},
      {"java/lang/UnsupportedOperationException", "java/lang/RuntimeException"},
      {"java/lang/IndexOutOfBoundsException", "java/lang/RuntimeException"},
      {"java/lang/ArrayIndexOutOfBoundsException", "java/lang/IndexOutOfBoundsException"},
      {"java/lang/StringIndexOutOfBoundsException", "java/lang/IndexOutOfBoundsException"},
      {"java/lang/NegativeArraySizeException", "java/lang/RuntimeException"},
      {"java/lang/OutOfMemoryError", "java/lang/Error"},
      {"java/lang/NoClassDefFoundError", "java/lang/Error"},
      {"java/lang/NoSuchMethodError", "java/lang/Error"},
      {"java/lang/NoSuchFieldError", "java/lang/Error"},
      {"java/io/IOException", "java/lang/Exception"},
      {"java/nio/DirectByteBuffer", "java/nio/ByteBuffer"},
      {"java/nio/ByteBuffer", "java/nio/Buffer"},
      {"java/nio/HeapByteBuffer", "java/nio/ByteBuffer"},
      {"java/nio/CharBuffer", "java/nio/Buffer"},
      {"java/nio/ShortBuffer", "java/nio/Buffer"},
      {"java/nio/IntBuffer", "java/nio/Buffer"},
      {"java/nio/LongBuffer", "java/nio/Buffer"},
      {"java/nio/FloatBuffer", "java/nio/Buffer"},
      {"java/nio/DoubleBuffer", "java/nio/Buffer"},
      {"java/util/LinkedHashMap", "java/util/HashMap"},
      {"android/app/Application", "android/content/ContextWrapper"},
      {"android/app/Activity", "android/content/ContextWrapper"},
      {"android/app/Service", "android/content/ContextWrapper"},
      {"android/content/ContextWrapper", "android/content/Context"},
      {"dalvik/system/PathClassLoader", "dalvik/system/BaseDexClassLoader"},
      {"dalvik/system/BaseDexClassLoader", "java/lang/ClassLoader"},
      {"java/lang/Short", "java/lang/Number"},
      {"java/lang/Byte", "java/lang/Number"},
      {"java/lang/Integer", "java/lang/Number"},
      {"java/lang/Long", "java/lang/Number"},
      {"java/lang/Float", "java/lang/Number"},
      {"java/lang/Double", "java/lang/Number"}};
  const auto found = kKnown.find(name);
  return found == kKnown.end() ? std::string(kObject) : found->second;
}

std::string dotted(std::string name) {
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

// What belongs to one host thread.
struct ThreadState {
  JavaReference pending = 0;  // a global reference
  std::vector<std::vector<JavaReference>> frames = {{}};
};

ThreadState& thread_state() {
  thread_local ThreadState state;
  return state;
}

}  // namespace

std::optional<JavaSignature> parse_signature(std::string_view descriptor) {
  JavaSignature out;
  if (descriptor.empty() || descriptor.front() != '(') return std::nullopt;
  std::size_t at = 1;
  const auto skip_type = [&]() -> std::optional<char> {
    const std::size_t begin = at;
    while (at < descriptor.size() && descriptor[at] == '[') ++at;
    if (at >= descriptor.size()) return std::nullopt;
    const char first = descriptor[at];
    if (first == 'L') {
      const std::size_t end = descriptor.find(';', at);
      if (end == std::string_view::npos) return std::nullopt;
      at = end + 1;
      return 'L';
    }
    if (std::strchr("ZBCSIJFDV", first) == nullptr) return std::nullopt;
    ++at;
    return descriptor[begin] == '[' ? 'L' : first;
  };
  while (at < descriptor.size() && descriptor[at] != ')') {
    const auto type = skip_type();
    if (!type || *type == 'V' || out.parameters.size() >= 255) return std::nullopt;
    out.parameters += *type;
  }
  if (at >= descriptor.size()) return std::nullopt;
  ++at;
  const std::size_t begin = at;
  const auto result = skip_type();
  if (!result || at != descriptor.size()) return std::nullopt;
  out.result = *result;
  out.result_type = std::string(descriptor.substr(begin));
  return out;
}

OwnJavaWorld::OwnJavaWorld(GuestMachine& machine, const ClassHierarchy* hierarchy)
    : machine_(machine), hierarchy_(hierarchy) {}
OwnJavaWorld::~OwnJavaWorld() { thread_state() = {}; }

// ---- references ----

OwnJavaWorld::ObjectPointer OwnJavaWorld::find(JavaReference reference) {
  if (reference == 0) return nullptr;
  const auto found = references_.find(reference);
  if (found != references_.end()) return found->second.first;
  machine_.raise(GuestFault::Kind::kArgument, "uses a Java reference that is none");
  return nullptr;
}

JavaReference OwnJavaWorld::add(const ObjectPointer& object, Strength strength) {
  if (object == nullptr) return 0;
  if (references_.size() >= kMaxJavaReferences) {
    machine_.raise(GuestFault::Kind::kAbort, "holds more Java references than the limit");
    return 0;
  }
  const JavaReference reference = kReferenceBase + 16 * next_reference_++;
  references_.emplace(reference, std::pair(object, strength));
  if (strength == Strength::kLocal) thread_state().frames.back().push_back(reference);
  return reference;
}

JavaReference OwnJavaWorld::refer(JavaReference object, Strength strength) {
  const std::scoped_lock lock(mutex_);
  return add(find(object), strength);
}

void OwnJavaWorld::forget(JavaReference reference) {
  const std::scoped_lock lock(mutex_);
  references_.erase(reference);
}

bool OwnJavaWorld::same(JavaReference a, JavaReference b) {
  const std::scoped_lock lock(mutex_);
  return find(a) == find(b);
}

JavaWorld::Strength OwnJavaWorld::strength_of(JavaReference reference) {
  const std::scoped_lock lock(mutex_);
  const auto found = references_.find(reference);
  return found == references_.end() ? Strength::kLocal : found->second.second;
}

void OwnJavaWorld::push_frame() { thread_state().frames.emplace_back(); }

JavaReference OwnJavaWorld::pop_frame(JavaReference kept) {
  const std::scoped_lock lock(mutex_);
  ThreadState& state = thread_state();
  const ObjectPointer object = kept == 0 ? nullptr : find(kept);
  if (state.frames.size() > 1) {
    for (const JavaReference reference : state.frames.back()) references_.erase(reference);
    state.frames.pop_back();
  }
  return add(object);
}

// ---- classes ----

OwnJavaWorld::ObjectPointer OwnJavaWorld::class_object(const std::string& name) {
  ObjectPointer& slot = classes_[name];
  if (slot == nullptr) {
    slot = std::make_shared<Object>();
    slot->klass = "java/lang/Class";
    slot->named = name;
  }
  return slot;
}

JavaReference OwnJavaWorld::find_class(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  return add(class_object(name));
}

JavaReference OwnJavaWorld::class_of(JavaReference object) {
  const std::scoped_lock lock(mutex_);
  const ObjectPointer found = find(object);
  return found == nullptr ? 0 : add(class_object(found->klass));
}

std::string OwnJavaWorld::super_of(const std::string& name) const {
  if (name == kObject) return "";
  if (hierarchy_ != nullptr) {
    if (const auto known = hierarchy_->superclass(name)) return *known;
  }
  return platform_superclass(name);
}

JavaReference OwnJavaWorld::superclass(JavaReference of) {
  const std::scoped_lock lock(mutex_);
  const ObjectPointer found = find(of);
  if (found == nullptr) return 0;
  const std::string name = super_of(found->named);
  return name.empty() ? 0 : add(class_object(name));
}

bool OwnJavaWorld::is_below(const std::string& name, const std::string& above) const {
  std::vector<std::string> todo = {name};
  std::set<std::string> seen;
  while (!todo.empty() && seen.size() < kMaxHierarchy) {
    const std::string at = todo.back();
    todo.pop_back();
    if (at == above) return true;
    if (at.empty() || !seen.insert(at).second) continue;
    todo.push_back(super_of(at));
    if (hierarchy_ == nullptr) continue;
    for (std::string& each : hierarchy_->interfaces(at)) todo.push_back(std::move(each));
  }
  return false;
}

bool OwnJavaWorld::assignable(JavaReference from, JavaReference to) {
  const std::scoped_lock lock(mutex_);
  const ObjectPointer a = find(from);
  const ObjectPointer b = find(to);
  return a != nullptr && b != nullptr && is_below(a->named, b->named);
}

std::string OwnJavaWorld::name_of(JavaReference klass) {
  const std::scoped_lock lock(mutex_);
  const ObjectPointer found = find(klass);
  return found == nullptr ? std::string() : found->named;
}

bool OwnJavaWorld::has(const JavaMember& member) {
  if (hierarchy_ == nullptr) return true;
  const auto known = hierarchy_->declares(member);
  if (!known || *known) return true;
  raise_new(member.is_field ? "java/lang/NoSuchFieldError" : "java/lang/NoSuchMethodError",
            member.text());
  return false;
}

// ---- objects ----

JavaReference OwnJavaWorld::new_object(const std::string& klass) {
  const std::scoped_lock lock(mutex_);
  auto object = std::make_shared<Object>();
  object->klass = klass;
  return add(object);
}

JavaReference OwnJavaWorld::allocate(JavaReference klass) {
  const std::string name = name_of(klass);
  return name.empty() ? 0 : new_object(name);
}

std::string OwnJavaWorld::class_name(JavaReference object) {
  const std::scoped_lock lock(mutex_);
  const ObjectPointer found = find(object);
  return found == nullptr ? std::string() : found->klass;
}

void OwnJavaWorld::handle(const std::string& method, JavaHandler handler) {
  const std::scoped_lock lock(mutex_);
  handlers_.insert_or_assign(method, std::move(handler));
}

const JavaHandler* OwnJavaWorld::handler_for(const JavaMember& method) const {
  JavaMember asked = method;
  for (int i = 0; i < kMaxHierarchy && !asked.owner.empty(); ++i) {
    const auto found = handlers_.find(asked.text());
    if (found != handlers_.end()) return &found->second;
    if (method.name == "<init>") return nullptr;
    asked.owner = super_of(asked.owner);
  }
  return nullptr;
}

// As Java chooses: what the receiver's own class answers goes before the class that was named.
const JavaHandler* OwnJavaWorld::virtual_handler(JavaReference receiver, const JavaMember& method) {
  if (!method.is_static && method.name != "<init>") {
    const ObjectPointer object = find(receiver);
    if (object != nullptr && object->klass != method.owner) {
      JavaMember own = method;
      own.owner = object->klass;
      if (const JavaHandler* const handler = handler_for(own)) return handler;
    }
  }
  return handler_for(method);
}

std::optional<JavaValue> OwnJavaWorld::field(JavaReference object, const std::string& name) {
  const std::scoped_lock lock(mutex_);
  const ObjectPointer found = find(object);
  if (found == nullptr) return std::nullopt;
  const auto value = found->fields.find(name);
  if (value == found->fields.end()) return std::nullopt;
  if (value->second.type != 'L') return value->second;
  return JavaValue::reference(add(found->objects[name]));
}

std::shared_ptr<JavaState> OwnJavaWorld::state_of(JavaReference object) {
  const std::scoped_lock lock(mutex_);
  const ObjectPointer found = find(object);
  return found == nullptr ? nullptr : found->state;
}

void OwnJavaWorld::set_state(JavaReference object, std::shared_ptr<JavaState> state) {
  const std::scoped_lock lock(mutex_);
  if (const ObjectPointer found = find(object)) found->state = std::move(state);
}

JavaHeld OwnJavaWorld::hold(JavaReference object) {
  const std::scoped_lock lock(mutex_);
  return object == 0 ? nullptr : find(object);
}

JavaReference OwnJavaWorld::refer(const JavaHeld& held) {
  const std::scoped_lock lock(mutex_);
  return add(std::static_pointer_cast<Object>(held));
}

std::uint32_t OwnJavaWorld::identity_of(JavaReference object) {
  const std::scoped_lock lock(mutex_);
  const ObjectPointer found = find(object);
  if (found == nullptr) return 0;
  if (found->identity == 0) found->identity = next_identity_++;
  return found->identity;
}

void OwnJavaWorld::note_gap(const std::string& what) {
  const std::scoped_lock lock(mutex_);
  note(what);
}

void OwnJavaWorld::note(const std::string& what) { ++gaps_[what]; }

// Zero, or an object that nobody made.
JavaValue OwnJavaWorld::made_up(const std::string& type, const std::string& why) {
  note(why);
  const char letter = type.empty() ? 'V' : type.front();
  if (letter == '[') {
    const char element = type.size() > 1 ? type[1] : 'B';
    return JavaValue::reference(new_array(element == '[' ? 'L' : element, 0, 0));
  }
  if (letter != 'L') return {letter, 0};
  const std::string name = type.substr(1, type.size() - 2);
  if (name == "java/lang/String") return JavaValue::reference(new_text(std::u16string_view()));
  return JavaValue::reference(new_object(name));
}

JavaValue OwnJavaWorld::call(JavaReference receiver, const JavaMember& method,
                             std::span<const JavaValue> arguments) {
  const std::scoped_lock lock(mutex_);
  const auto signature = parse_signature(method.signature);
  if (!signature) return {};
  if (const JavaHandler* const handler = virtual_handler(receiver, method)) {
    // What it answers is a reference of its own, also where it answers its receiver: callers give
    // it back.
    push_frame();
    JavaValue answer = (*handler)({*this, receiver, method, arguments});
    const bool reference = answer.type == 'L';
    const JavaReference kept = pop_frame(reference ? answer.bits : 0);
    return reference ? JavaValue::reference(kept) : answer;
  }
  if (method.name == "<init>") {
    // On a class: a new object; on an object: the constructor of a class above.
    const ObjectPointer found = find(receiver);
    const bool fresh = found != nullptr && !found->named.empty();
    const JavaReference object = fresh ? new_object(found->named) : receiver;
    const ObjectPointer made = find(object);
    if (made != nullptr) {
      for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string field = "<init>#" + std::to_string(i);
        made->fields[field] = arguments[i];
        if (arguments[i].type == 'L') made->objects[field] = find(arguments[i].bits);
      }
    }
    return JavaValue::reference(object);
  }
  return made_up(signature->result_type, method.text());
}

JavaValue OwnJavaWorld::get(JavaReference receiver, const JavaMember& field) {
  const std::scoped_lock lock(mutex_);
  const ObjectPointer found = find(receiver);
  if (found == nullptr) return {};
  const auto value = found->fields.find(field.name);
  if (value != found->fields.end()) {
    if (value->second.type != 'L') return value->second;
    return JavaValue::reference(add(found->objects[field.name]));
  }
  const JavaValue made = made_up(field.signature, field.text());
  found->fields[field.name] = made;
  if (made.type == 'L') found->objects[field.name] = find(made.bits);
  return made;
}

void OwnJavaWorld::set(JavaReference receiver, const JavaMember& field, const JavaValue& value) {
  put_field(receiver, field.name, value);
}

void OwnJavaWorld::put_field(JavaReference object, const std::string& field,
                             const JavaValue& value) {
  const std::scoped_lock lock(mutex_);
  const ObjectPointer found = find(object);
  if (found == nullptr) return;
  found->fields[field] = value;
  if (value.type == 'L') found->objects[field] = find(value.bits);
}

// ---- texts ----

JavaReference OwnJavaWorld::new_text(std::u16string_view text) {
  const std::scoped_lock lock(mutex_);
  auto object = std::make_shared<Object>();
  object->klass = "java/lang/String";
  object->text = text;
  return add(object);
}

JavaReference OwnJavaWorld::new_text(const std::string& modified_utf8) {
  return new_text(std::u16string_view(from_modified_utf8(modified_utf8)));
}

std::u16string OwnJavaWorld::text_of(JavaReference text) {
  const std::scoped_lock lock(mutex_);
  const ObjectPointer found = find(text);
  return found == nullptr ? std::u16string() : found->text;
}

std::string OwnJavaWorld::utf8_of(JavaReference text) { return to_modified_utf8(text_of(text)); }

// ---- arrays ----

JavaReference OwnJavaWorld::new_array(char type, JavaReference klass, std::uint64_t length) {
  const std::scoped_lock lock(mutex_);
  if (length > kMaxJavaArray) {
    raise_new("java/lang/OutOfMemoryError", std::to_string(length) + " elements");
    return 0;
  }
  auto object = std::make_shared<Object>();
  object->element = type;
  object->length = length;
  if (type == 'L') {
    const ObjectPointer of = klass == 0 ? nullptr : find(klass);
    object->klass = "[L" + (of == nullptr ? std::string(kObject) : of->named) + ";";
    object->elements.resize(length);
    return add(object);
  }
  object->klass = std::string("[") + type;
  object->data = machine_.heap.allocate(size_of_element(type) * length, 16, true);
  if (object->data == 0) {
    raise_new("java/lang/OutOfMemoryError", std::to_string(length) + " elements");
    return 0;
  }
  // The elements go with the array.
  GuestHeap& heap = machine_.heap;
  const ObjectPointer owned(object.get(), [object, &heap](Object* array) mutable {
    heap.release(array->data);
    object.reset();
  });
  return add(owned);
}

std::uint64_t OwnJavaWorld::length_of(JavaReference array) {
  const std::scoped_lock lock(mutex_);
  const ObjectPointer found = find(array);
  return found == nullptr ? 0 : found->length;
}

std::uint64_t OwnJavaWorld::pin(JavaReference array) {
  const std::scoped_lock lock(mutex_);
  const ObjectPointer found = find(array);
  return found == nullptr ? 0 : found->data;
}

void OwnJavaWorld::unpin(JavaReference, std::uint64_t, bool) {}  // elements are never copied

std::uint64_t OwnJavaWorld::element_size(JavaReference array) {
  const std::scoped_lock lock(mutex_);
  const ObjectPointer found = find(array);
  return found == nullptr ? 0 : size_of_element(found->element);
}

JavaReference OwnJavaWorld::element(JavaReference array, std::uint64_t i) {
  const std::scoped_lock lock(mutex_);
  const ObjectPointer found = find(array);
  if (found == nullptr || i >= found->elements.size()) return 0;
  return add(found->elements[i]);
}

void OwnJavaWorld::set_element(JavaReference array, std::uint64_t i, JavaReference value) {
  const std::scoped_lock lock(mutex_);
  const ObjectPointer found = find(array);
  if (found != nullptr && i < found->elements.size())
    found->elements[i] = value == 0 ? nullptr : find(value);
}

JavaReference OwnJavaWorld::new_bytes(ByteSpan bytes) {
  const JavaReference array = new_array('B', 0, bytes.size());
  if (array != 0 && !bytes.empty())
    std::memcpy(reinterpret_cast<void*>(pin(array)), bytes.data(), bytes.size());
  return array;
}

JavaReference OwnJavaWorld::new_floats(std::span<const float> values) {
  const JavaReference array = new_array('F', 0, values.size());
  if (array != 0 && !values.empty())
    std::memcpy(reinterpret_cast<void*>(pin(array)), values.data(), values.size_bytes());
  return array;
}

std::vector<std::uint8_t> OwnJavaWorld::bytes_of(JavaReference array) {
  const std::uint64_t size = length_of(array) * element_size(array);
  const auto bytes = machine_.arena.bytes(pin(array), size);
  if (!bytes) return {};
  return {bytes->begin(), bytes->end()};
}

// ---- buffers ----

JavaReference OwnJavaWorld::new_buffer(std::uint64_t address, std::uint64_t capacity) {
  return new_buffer_of("java/nio/DirectByteBuffer", address, capacity);
}

JavaReference OwnJavaWorld::new_buffer_of(const std::string& klass, std::uint64_t address,
                                          std::uint64_t capacity) {
  const std::scoped_lock lock(mutex_);
  auto object = std::make_shared<Object>();
  object->klass = klass;
  object->address = address;
  object->capacity = capacity;
  return add(object);
}

std::pair<std::uint64_t, std::uint64_t> OwnJavaWorld::buffer_of(JavaReference buffer) {
  const std::scoped_lock lock(mutex_);
  const ObjectPointer found = find(buffer);
  if (found == nullptr) return {0, 0};
  return {found->address, found->capacity};
}

// ---- exceptions ----

void OwnJavaWorld::raise(JavaReference exception) {
  const std::scoped_lock lock(mutex_);
  ThreadState& state = thread_state();
  if (state.pending != 0) references_.erase(state.pending);
  state.pending = add(find(exception), Strength::kGlobal);
}

void OwnJavaWorld::raise_new(const std::string& klass, const std::string& message) {
  const std::scoped_lock lock(mutex_);
  const JavaReference exception = new_object(klass);
  put_field(exception, "detailMessage", JavaValue::reference(new_text(message)));
  raise(exception);
}

JavaReference OwnJavaWorld::pending() {
  const std::scoped_lock lock(mutex_);
  const JavaReference held = thread_state().pending;
  return held == 0 ? 0 : add(find(held));
}

void OwnJavaWorld::clear() {
  const std::scoped_lock lock(mutex_);
  ThreadState& state = thread_state();
  if (state.pending != 0) references_.erase(state.pending);
  state.pending = 0;
}

std::string OwnJavaWorld::describe(JavaReference exception) {
  const std::scoped_lock lock(mutex_);
  const ObjectPointer found = find(exception);
  if (found == nullptr) return "";
  std::string out = dotted(found->klass);
  for (const char* const field : {"detailMessage", "<init>#0"}) {
    const auto message = found->objects.find(field);
    if (message == found->objects.end() || message->second == nullptr) continue;
    return out + ": " + to_modified_utf8(message->second->text);
  }
  return out;
}

void OwnJavaWorld::register_native(const RegisteredNative& native) {
  const std::scoped_lock lock(mutex_);
  natives_.push_back(native);
}

std::vector<JavaGap> OwnJavaWorld::gaps() const {
  const std::scoped_lock lock(mutex_);
  std::vector<JavaGap> out;
  for (const auto& [what, times] : gaps_) out.push_back({what, times});
  return out;
}

std::vector<RegisteredNative> OwnJavaWorld::natives() const {
  const std::scoped_lock lock(mutex_);
  return natives_;
}

}  // namespace dl::guest
