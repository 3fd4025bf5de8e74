// SPDX-License-Identifier: Apache-2.0
// The classes of org.pytorch that its native code asks, and the calls that they make.
// Source: the signatures of org.pytorch's classes.jar 1.12.2.
#include "daylight/guest/runtimes/pytorch_module.h"

#include <cstring>
#include <utility>

#include "daylight/guest/native_call.h"

namespace dl::guest {
namespace {

constexpr const char* kPeer = "org/pytorch/LiteNativePeer";
constexpr const char* kValue = "org/pytorch/IValue";
constexpr const char* kTensor = "org/pytorch/Tensor";
constexpr std::int32_t kTensorCode = 2;  // IValue.TYPE_CODE_TENSOR
constexpr std::int32_t kTupleCode = 7;   // IValue.TYPE_CODE_TUPLE
constexpr std::int32_t kContiguous = 1;  // MemoryFormat.CONTIGUOUS
constexpr std::int32_t kCpu = 1;         // Device.CPU
constexpr std::uint64_t kMaxDimensions = 64;
constexpr std::uint64_t kMaxTuple = 1'000;

JavaValue int_value(std::int64_t value) { return JavaValue::integer('I', value); }

// The numbers of a long[].
Result<std::vector<std::int64_t>> longs_of(OwnJavaWorld& world, JavaReference array) {
  const std::uint64_t count = world.length_of(array);
  if (count > kMaxDimensions || (count > 0 && world.element_size(array) != 8))
    return fail(ErrorCode::kCorrupt, "has no shape that can be", kTensor);
  std::vector<std::int64_t> out(count);
  const std::uint64_t at = world.pin(array);
  if (count > 0 && world.machine().arena.allows(at, 8 * count, kPageRead))
    std::memcpy(out.data(), reinterpret_cast<const void*>(at), 8 * count);
  world.unpin(array, at, false);
  return out;
}

JavaReference new_longs(OwnJavaWorld& world, const std::vector<std::int64_t>& values) {
  const JavaReference array = world.new_array('J', 0, values.size());
  const std::uint64_t at = world.pin(array);
  if (at != 0 && !values.empty())
    std::memcpy(reinterpret_cast<void*>(at), values.data(), 8 * values.size());
  world.unpin(array, at, true);
  return array;
}

JavaReference new_value(OwnJavaWorld& world, std::int32_t code, JavaReference data) {
  const JavaReference value = world.new_object(kValue);
  world.put_field(value, "mTypeCode", int_value(code));
  world.put_field(value, "mData", JavaValue::reference(data));
  return value;
}

JavaReference reference_field(OwnJavaWorld& world, JavaReference object, const std::string& name) {
  const auto found = world.field(object, name);
  return found && found->type == 'L' ? found->bits : 0;
}

std::int64_t integer_field(OwnJavaWorld& world, JavaReference object, const std::string& name) {
  const auto found = world.field(object, name);
  return found ? static_cast<std::int64_t>(found->bits) : 0;
}

JavaReference new_tensor(OwnJavaWorld& world, JavaReference buffer, JavaReference shape,
                         std::int64_t type, std::int64_t format) {
  const JavaReference tensor = world.new_object(kTensor);
  world.put_field(tensor, "shape", JavaValue::reference(shape));
  world.put_field(tensor, "data", JavaValue::reference(buffer));
  world.put_field(tensor, "dtype", int_value(type));
  world.put_field(tensor, "format", int_value(format));
  return tensor;
}

// What the library asks of org.pytorch's classes.
void answer_classes(OwnJavaWorld& world) {
  const auto data = [](const JavaCall& call) {
    return JavaValue::reference(reference_field(call.world, call.receiver, "mData"));
  };
  const std::string value = std::string(kValue) + ".";
  const std::string tensor = std::string(kTensor) + ".";
  world.handle(value + "toTensor()Lorg/pytorch/Tensor;", data);
  world.handle(value + "toTuple()[Lorg/pytorch/IValue;", data);
  world.handle(value + "from(Lorg/pytorch/Tensor;)Lorg/pytorch/IValue;", [](const JavaCall& call) {
    return JavaValue::reference(new_value(call.world, kTensorCode, call.arguments[0].bits));
  });
  world.handle(
      value + "tupleFrom([Lorg/pytorch/IValue;)Lorg/pytorch/IValue;", [](const JavaCall& call) {
        return JavaValue::reference(new_value(call.world, kTupleCode, call.arguments[0].bits));
      });
  world.handle(tensor + "dtypeJniCode()I", [](const JavaCall& call) {
    return int_value(integer_field(call.world, call.receiver, "dtype"));
  });
  world.handle(tensor + "memoryFormatJniCode()I", [](const JavaCall& call) {
    return int_value(integer_field(call.world, call.receiver, "format"));
  });
  world.handle(tensor + "getRawDataBuffer()Ljava/nio/Buffer;", [](const JavaCall& call) {
    return JavaValue::reference(reference_field(call.world, call.receiver, "data"));
  });
  world.handle(tensor +
                   "nativeNewTensor(Ljava/nio/ByteBuffer;[JIILcom/facebook/jni/HybridData;)"
                   "Lorg/pytorch/Tensor;",
               [](const JavaCall& call) {
                 const JavaReference made =
                     new_tensor(call.world, call.arguments[0].bits, call.arguments[1].bits,
                                static_cast<std::int64_t>(call.arguments[2].bits),
                                static_cast<std::int64_t>(call.arguments[3].bits));
                 // The memory is the native tensor's: it lives as long as this.
                 call.world.put_field(made, "mHybridData", call.arguments[4]);
                 return JavaValue::reference(made);
               });
}

Result<PytorchTensor> read_tensor(OwnJavaWorld& world, JavaReference tensor) {
  PytorchTensor out;
  out.type = static_cast<PytorchType>(integer_field(world, tensor, "dtype"));
  out.shape = TRY(longs_of(world, reference_field(world, tensor, "shape")));
  const auto [address, capacity] = world.buffer_of(reference_field(world, tensor, "data"));
  std::optional<std::uint64_t> size = size_of(out.type);
  for (const std::int64_t side : out.shape)
    size = side < 0 || !size ? std::nullopt
                             : multiply_checked(*size, static_cast<std::uint64_t>(side));
  if (!size || *size > capacity || size_of(out.type) == 0)
    return fail(ErrorCode::kCorrupt, "its memory is smaller than its shape", kTensor);
  const auto bytes = world.machine().arena.copy(address, *size);
  if (!bytes) return fail(ErrorCode::kCorrupt, "its memory cannot be read", kTensor);
  out.bytes = *bytes;
  return out;
}

const char* buffer_class(PytorchType type) {
  switch (type) {
    case PytorchType::kInt32:
      return "java/nio/IntBuffer";
    case PytorchType::kFloat32:
      return "java/nio/FloatBuffer";
    case PytorchType::kInt64:
      return "java/nio/LongBuffer";
    case PytorchType::kFloat64:
      return "java/nio/DoubleBuffer";
    default:
      return "java/nio/ByteBuffer";
  }
}

// A tensor in memory of the guest's heap, which `blocks` keeps to be given back.
Result<JavaReference> write_tensor(Guest& guest, const PytorchTensor& tensor,
                                   std::vector<std::uint64_t>& blocks) {
  std::optional<std::uint64_t> size = size_of(tensor.type);
  for (const std::int64_t side : tensor.shape)
    size = side < 0 || !size ? std::nullopt
                             : multiply_checked(*size, static_cast<std::uint64_t>(side));
  if (!size || size_of(tensor.type) == 0 || *size != tensor.bytes.size())
    return fail(ErrorCode::kInvalidArgument, "its bytes are not those of its shape", "tensor");
  const std::uint64_t at = guest.machine().heap.allocate(*size, 64);
  if (at == 0) return fail(ErrorCode::kLimit, "no memory for a tensor", "guest");
  blocks.push_back(at);
  if (*size > 0) std::memcpy(reinterpret_cast<void*>(at), tensor.bytes.data(), *size);
  OwnJavaWorld& world = guest.java();
  // Its capacity counts elements: what the library checks it against.
  const JavaReference buffer =
      world.new_buffer_of(buffer_class(tensor.type), at, *size / size_of(tensor.type));
  return new_tensor(world, buffer, new_longs(world, tensor.shape),
                    static_cast<std::int64_t>(tensor.type), kContiguous);
}

Result<std::vector<PytorchTensor>> read_value(OwnJavaWorld& world, JavaReference value) {
  std::vector<PytorchTensor> out;
  const std::int64_t code = integer_field(world, value, "mTypeCode");
  const JavaReference data = reference_field(world, value, "mData");
  if (code == kTensorCode) {
    out.push_back(TRY(read_tensor(world, data)));
    return out;
  }
  if (code != kTupleCode || world.length_of(data) > kMaxTuple)
    return fail(ErrorCode::kUnsupported, "forward answers something else than tensors", kValue);
  for (std::uint64_t i = 0; i < world.length_of(data); ++i) {
    const JavaReference each = world.element(data, i);
    if (integer_field(world, each, "mTypeCode") != kTensorCode)
      return fail(ErrorCode::kUnsupported, "forward answers something else than tensors", kValue);
    out.push_back(TRY(read_tensor(world, reference_field(world, each, "mData"))));
  }
  return out;
}

}  // namespace

std::uint64_t size_of(PytorchType type) {
  switch (type) {
    case PytorchType::kUint8:
    case PytorchType::kInt8:
      return 1;
    case PytorchType::kInt32:
    case PytorchType::kFloat32:
      return 4;
    case PytorchType::kInt64:
    case PytorchType::kFloat64:
      return 8;
  }
  return 0;
}

Result<PytorchModule> PytorchModule::load(Guest& guest, const std::string& asset) {
  OwnJavaWorld& world = guest.java();
  answer_classes(world);
  const JavaMember init{kPeer, "initHybridAndroidAsset",
                        "(Ljava/lang/String;Ljava/lang/Object;I)Lcom/facebook/jni/HybridData;",
                        true, false};
  const JavaValue arguments[] = {
      JavaValue::reference(world.new_text(asset)),
      JavaValue::reference(world.new_object("android/content/res/AssetManager")), int_value(kCpu)};
  const JavaValue hybrid = TRY(call_java_native(guest, init, world.find_class(kPeer), arguments));
  const JavaReference peer = world.new_object(kPeer);
  world.put_field(peer, "mHybridData", hybrid);
  return PytorchModule(guest, world.hold(peer));
}

Result<std::vector<PytorchTensor>> PytorchModule::forward(
    const std::vector<PytorchTensor>& inputs) {
  OwnJavaWorld& world = guest_->java();
  world.push_frame();
  std::vector<std::uint64_t> blocks;
  auto out = [&]() -> Result<std::vector<PytorchTensor>> {
    const JavaReference values = world.new_array('L', world.find_class(kValue), inputs.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const JavaReference tensor = TRY(write_tensor(*guest_, inputs[i], blocks));
      world.set_element(values, i, new_value(world, kTensorCode, tensor));
    }
    const JavaMember forward{kPeer, "forward", "([Lorg/pytorch/IValue;)Lorg/pytorch/IValue;", false,
                             false};
    const JavaValue arguments[] = {JavaValue::reference(values)};
    const JavaValue answer = TRY(call_java_native(*guest_, forward, world.refer(peer_), arguments));
    return read_value(world, answer.bits);
  }();
  world.pop_frame(0);
  for (const std::uint64_t block : blocks) guest_->machine().heap.release(block);
  return out;
}

}  // namespace dl::guest
