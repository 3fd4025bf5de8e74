// SPDX-License-Identifier: Apache-2.0
// Java's ciphers, keys and digests, as the closed box knows them.
#include <algorithm>
#include <map>
#include <utility>

#include "daylight/base/text.h"
#include "daylight/program/interpreter/dex_platform.h"
#include "daylight/program/interpreter/java_text.h"

namespace dl::program {
namespace {

std::vector<std::uint8_t> copied(ByteSpan bytes) { return {bytes.begin(), bytes.end()}; }

// Our name of a Java transformation ("AES/CBC/PKCS5Padding"), "" for one that is not known.
std::string cipher_named(std::string_view transformation) {
  const auto parts = split(to_lower(transformation), '/');
  const std::string& algorithm = parts[0];
  if (algorithm == "rc4" || algorithm == "arcfour" || algorithm == "arc4") return "rc4";
  if (algorithm.starts_with("chacha20")) return "chacha20";
  static const std::map<std::string, std::string, std::less<>> kFamilies = {
      {"aes", "aes"}, {"aes_128", "aes"}, {"aes_256", "aes"},   {"rijndael", "aes"},
      {"des", "des"}, {"desede", "des3"}, {"tripledes", "des3"}};
  const auto family = kFamilies.find(algorithm);
  if (family == kFamilies.end()) return "";
  std::string mode = parts.size() > 1 ? parts[1] : "ecb";
  if (mode == "cfb128") mode = "cfb";
  std::string name = family->second + "-" + mode;
  const bool blocks = mode == "ecb" || mode == "cbc";
  if (blocks && parts.size() > 2 && parts[2] == "nopadding") name += "-raw";
  return is_cipher_name(name) ? name : "";
}

// "PBKDF2WithHmacSHA256" -> "sha256"; "HmacSHA1" -> "sha1".
std::string digest_in(std::string_view algorithm) {
  std::string lower = to_lower(algorithm);
  const std::size_t at = lower.find("hmac");
  if (at == std::string::npos) return "";
  lower.erase(0, at + 4);
  return lower.substr(0, lower.find("and"));
}

}  // namespace

bool PlatformCall::digests() {
  if (is("MessageDigest", "getInstance") || is("Mac", "getInstance")) {
    RunObject made;
    made.kind = owner_ == "Mac" ? RunKind::kMac : RunKind::kDigest;
    made.text = utf16_of(text(0));
    return give(machine_.add(std::move(made)));
  }
  RunObject* const self = static_ ? nullptr : object(0);
  if (self == nullptr || (self->kind != RunKind::kDigest && self->kind != RunKind::kMac))
    return false;
  if (name_ == "init") {
    if (of_kind(1, RunKind::kKey) == nullptr) return throw_now();
    self->key = object(1)->key;
    return true;
  }
  if (name_ == "reset") {
    self->bytes.clear();
    return true;
  }
  const bool ends = name_ == "digest" || name_ == "doFinal";
  if (name_ != "update" && !ends) return false;
  if (count() > 1 && types_[1] == "B") {
    self->bytes.push_back(static_cast<std::uint8_t>(number(1)));
  } else if (count() > 1) {
    const auto more = span(1);
    if (!more || !machine_.spend_memory(more->size())) return throw_now();
    self->bytes.insert(self->bytes.end(), more->begin(), more->end());
  }
  if (!ends) return true;
  const std::string name = utf8_of(self->text);
  const auto out = self->kind == RunKind::kMac
                       ? keyed_digest(digest_in(name), self->key, self->bytes)
                       : message_digest(name, self->bytes);
  self->bytes.clear();
  return out ? give_bytes(*out) : throw_now();
}

bool PlatformCall::keys() {
  if (is("SecretKeyFactory", "getInstance")) {
    RunObject made;
    made.kind = RunKind::kFactory;
    made.text = utf16_of(text(0));
    return give(machine_.add(std::move(made)));
  }
  if (static_) return false;
  if (name_ == "<init>") {
    const bool start = owner_ == "IvParameterSpec";
    const bool gcm = owner_ == "GCMParameterSpec";
    const bool chacha = owner_ == "ChaCha20ParameterSpec";
    if (owner_ == "SecretKeySpec" || owner_ == "DESKeySpec" || owner_ == "DESedeKeySpec" || start ||
        gcm || chacha) {
      const auto content = span(gcm ? 2 : 1);
      if (!content) return throw_now();
      auto key = copied(*content);
      RunObject* const made = become(start || gcm || chacha ? RunKind::kStart : RunKind::kKey);
      if (made == nullptr) return false;
      if (owner_ == "DESKeySpec") key.resize(std::min<std::size_t>(key.size(), 8));
      if (owner_ == "DESedeKeySpec") key.resize(std::min<std::size_t>(key.size(), 24));
      made->key = std::move(key);
      made->number = chacha ? number(2) : 0;
      return true;
    }
    if (owner_ == "PBEKeySpec") {
      const RunObject* const password = of_kind(1, RunKind::kArray);
      const auto salt = count() > 2 ? of_kind(2, RunKind::kArray) : nullptr;
      if (password == nullptr || salt == nullptr) return throw_now();
      std::u16string chars;
      for (std::size_t i = 0; i + 1 < password->bytes.size(); i += 2)
        chars.push_back(static_cast<char16_t>(password->bytes[i] | password->bytes[i + 1] << 8));
      RunObject* const made = become(RunKind::kPassword);
      if (made == nullptr) return false;
      made->text = std::move(chars);
      made->key = salt->bytes;
      made->number = number(3);
      made->position = count() > 4 ? number(4) : 256;
      return true;
    }
    return false;
  }
  RunObject* const self = object(0);
  if (self == nullptr) return false;
  if (self->kind == RunKind::kFactory && name_ == "generateSecret")
    return make_key_from_password(*self);
  if (self->kind == RunKind::kKey && (name_ == "getEncoded" || name_ == "getKey"))
    return give_bytes(std::vector<std::uint8_t>(self->key));
  if (self->kind == RunKind::kStart && name_ == "getIV")
    return give_bytes(std::vector<std::uint8_t>(self->key));
  return false;
}

bool PlatformCall::make_key_from_password(const RunObject& factory) {
  if (of_kind(1, RunKind::kKey) != nullptr) return give(number(1));
  const RunObject* const password = of_kind(1, RunKind::kPassword);
  if (password == nullptr || password->number < 1 || password->position < 8) return throw_now();
  if (!machine_.spend(static_cast<std::uint64_t>(password->number))) return throw_now();
  const auto rounds = static_cast<std::uint32_t>(
      std::min<std::int64_t>(password->number, std::int64_t{kMaxKeyRounds} + 1));
  const std::string chars = utf8_of(password->text);
  const auto key = derive_key(digest_in(utf8_of(factory.text)), as_bytes(chars), password->key,
                              rounds, static_cast<std::size_t>(password->position / 8));
  if (!key) return throw_now();
  RunObject made;
  made.kind = RunKind::kKey;
  made.key = *key;
  return give(machine_.add(std::move(made)));
}

bool PlatformCall::ciphers() {
  if (is("Cipher", "getInstance")) return make_cipher();
  if (static_) return false;
  if (is("CipherInputStream", "<init>")) {
    RunObject* const cipher = of_kind(2, RunKind::kCipher);
    const RunObject* const source = of_kind(1, RunKind::kStream);
    const RunObject* const array = source == nullptr ? nullptr : machine_.object(source->link);
    if (cipher == nullptr || array == nullptr) return throw_now();
    const auto size = static_cast<std::int64_t>(array->bytes.size());
    const std::int64_t from = std::clamp<std::int64_t>(source->position, 0, size);
    cipher->bytes.assign(array->bytes.begin() + from, array->bytes.end());
    const auto spec = spec_of(*cipher);
    auto plain = spec ? decipher(*spec, cipher->bytes)
                      : Result<std::vector<std::uint8_t>>(fail(ErrorCode::kNotFound, "none", ""));
    if (!plain || !machine_.spend_memory(2 * plain->size())) return throw_now();
    machine_.ciphers_.push_back({*spec, std::exchange(cipher->bytes, {}), machine_.current_});
    const RunRef link = machine_.bytes(*plain);
    RunObject* const made = become(RunKind::kStream);
    if (made == nullptr) return false;
    made->link = link;
    made->limit = static_cast<std::int64_t>(plain->size());
    return true;
  }
  if (is("CipherOutputStream", "<init>")) {
    RunObject* const made = become(RunKind::kSink);
    if (made == nullptr) return false;
    made->fields[kNoId] = number(2);  // the cipher, asked when the stream is closed
    return true;
  }
  RunObject* const self = object(0);
  if (self == nullptr) return false;
  if (self->kind == RunKind::kSink && (name_ == "close" || name_ == "flush")) {
    const auto held = self->fields.find(kNoId);
    RunObject* const cipher = held == self->fields.end() ? nullptr : machine_.object(held->second);
    if (name_ != "close" || cipher == nullptr || cipher->kind != RunKind::kCipher) return false;
    if (const auto spec = spec_of(*cipher))
      machine_.ciphers_.push_back({*spec, self->bytes, machine_.current_});
    return true;
  }
  if (self->kind != RunKind::kCipher) return false;
  if (name_ == "init") return init_cipher(*self);
  if (name_ == "update" || name_ == "doFinal") return feed_cipher(*self);
  if (name_ == "getBlockSize") return give(self->text.starts_with(u"des") ? 8 : 16);
  if (name_ == "getIV") return give_bytes(std::vector<std::uint8_t>(self->start));
  return name_ == "updateAAD";
}

bool PlatformCall::make_cipher() {
  const std::string name = cipher_named(text(0));
  if (name.empty()) return throw_now();
  RunObject made;
  made.kind = RunKind::kCipher;
  made.text = utf16_of(name);
  return give(machine_.add(std::move(made)));
}

bool PlatformCall::init_cipher(RunObject& cipher) {
  const RunObject* const key = of_kind(2, RunKind::kKey);
  if (key == nullptr) return throw_now();
  constexpr std::int64_t kDecryptMode = 2;
  cipher.decrypts = number(1) == kDecryptMode;
  cipher.key = key->key;
  cipher.start.clear();
  cipher.bytes.clear();
  if (const RunObject* const start = count() > 3 ? of_kind(3, RunKind::kStart) : nullptr) {
    cipher.start = start->key;
    cipher.number = start->number;
  }
  return true;
}

std::optional<CipherSpec> PlatformCall::spec_of(const RunObject& cipher) const {
  CipherSpec spec{utf8_of(cipher.text), cipher.key, cipher.start};
  if (spec.name == "chacha20" && spec.iv.size() == 12) {
    // ChaCha20-Poly1305 begins with block 1; a plain one says where.
    const std::int64_t block = cipher.number == 0 ? 1 : cipher.number;
    for (int i = 3; i >= 0; --i)
      spec.iv.insert(spec.iv.begin(), static_cast<std::uint8_t>(block >> (8 * i)));
  }
  if (spec.name.ends_with("-ecb") || spec.name.ends_with("-ecb-raw") || spec.name == "rc4")
    spec.iv.clear();
  if (spec.key.empty() || (!cipher.decrypts && !is_stream_cipher(spec.name))) return std::nullopt;
  return spec;
}

bool PlatformCall::feed_cipher(RunObject& cipher) {
  const bool ends = name_ == "doFinal";
  const bool has_input = count() > 1 && types_[1] == "[B";
  if (count() > 1 && !(has_input)) return throw_now();
  const std::size_t before = cipher.bytes.size();
  // doFinal(byte[] output, int at) takes no input.
  const bool only_output = ends && count() == 3;
  if (has_input && !only_output) {
    const auto more = span(1);
    if (!more || !machine_.spend_memory(more->size())) return throw_now();
    cipher.bytes.insert(cipher.bytes.end(), more->begin(), more->end());
  }
  const auto spec = spec_of(cipher);
  if (!spec) return throw_now();
  // Blocks may not be whole before the end: their plain bytes all come then.
  std::vector<std::uint8_t> plain;
  const bool streams = is_stream_cipher(spec->name);
  if (ends || streams) {
    if (!machine_.spend(cipher.bytes.size() / 16)) return throw_now();
    auto all = decipher(*spec, cipher.bytes);
    if (!all) return throw_now();
    plain = std::move(*all);
    if (streams)
      plain.erase(plain.begin(),
                  plain.begin() + static_cast<std::ptrdiff_t>(std::min(before, plain.size())));
  }
  if (ends) {
    if (!machine_.spend_memory(cipher.bytes.size())) return throw_now();
    machine_.ciphers_.push_back({*spec, std::exchange(cipher.bytes, {}), machine_.current_});
  }
  const std::size_t to = only_output ? 1 : 4;
  RunObject* const output = count() > to || only_output ? of_kind(to, RunKind::kArray) : nullptr;
  if (output == nullptr) return give_bytes(plain);
  const std::int64_t at = count() > to + 1 ? number(to + 1) : 0;
  const auto room = static_cast<std::int64_t>(output->bytes.size()) - at;
  if (at < 0 || room < static_cast<std::int64_t>(plain.size())) return throw_now();
  std::copy(plain.begin(), plain.end(), output->bytes.begin() + at);
  output->writer = machine_.current_;
  return give(static_cast<std::int64_t>(plain.size()));
}

}  // namespace dl::program
