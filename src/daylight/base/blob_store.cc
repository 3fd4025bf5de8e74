// SPDX-License-Identifier: Apache-2.0
// The content-addressed store: names are checked before they become paths.
#include "daylight/base/blob_store.h"

#include "daylight/base/digest.h"

namespace dl {
namespace {

bool is_sha256(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::filesystem::path BlobStore::path_of(const std::string& sha256) const {
  return folder_ / sha256.substr(0, 2) / sha256;
}

bool BlobStore::contains(const std::string& sha256) const {
  std::error_code error;
  return is_sha256(sha256) && std::filesystem::is_regular_file(path_of(sha256), error);
}

Result<std::string> BlobStore::put(ByteSpan bytes) const {
  auto digest = sha256_hex(bytes);
  if (contains(digest)) return digest;
  const auto path = path_of(digest);
  TRY_VOID(make_private_folder(folder_));
  TRY_VOID(make_private_folder(path.parent_path()));
  TRY_VOID(write_file_atomic(path, as_text(bytes)));
  return digest;
}

Result<MappedFile> BlobStore::get(const std::string& sha256) const {
  if (!is_sha256(sha256)) return fail(ErrorCode::kInvalidArgument, "not a SHA-256", sha256);
  const auto path = path_of(sha256);
  auto mapped = TRY(MappedFile::open(path));
  if (sha256_hex(mapped.bytes()) != sha256) {
    return fail(ErrorCode::kCorrupt, "the stored bytes do not have the digest of their name",
                path.string(), "delete the file and run detect again");
  }
  return mapped;
}

}  // namespace dl
