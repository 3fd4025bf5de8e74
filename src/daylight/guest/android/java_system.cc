// SPDX-License-Identifier: Apache-2.0
// System, Thread, Locale, File, and what Android says of the device and the app.
#include <ctime>
#include <string>
#include <utility>

#include "daylight/guest/android/java_bitmap.h"
#include "daylight/guest/android/java_classes.h"
#include "daylight/guest/libc/app_folders.h"

namespace dl::guest {
namespace {

std::int64_t clock_nanoseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

std::string property(const DeviceProfile& profile, const std::string& name,
                     const std::string& otherwise) {
  const auto found = profile.properties.find(name);
  return found == profile.properties.end() ? otherwise : found->second;
}

// ---- System, Thread ----

// What System.getProperty() answers on Android, as far as the profile knows; nothing for others.
std::optional<std::string> java_property(const DeviceProfile& profile, const std::string& name) {
  if (name == "os.name") return "Linux";
  if (name == "os.arch") {
    const std::string abi = property(profile, "ro.product.cpu.abi", "arm64-v8a");
    return abi == "arm64-v8a" ? "aarch64" : abi;
  }
  if (name == "java.vm.name") return "Dalvik";
  if (name == "java.vm.version") return "2.1.0";
  if (name == "java.vendor" || name == "java.vm.vendor") return "The Android Project";
  if (name == "java.version") return "0";
  if (name == "file.separator") return "/";
  if (name == "path.separator") return ":";
  if (name == "line.separator") return "\n";
  if (name == "file.encoding") return "UTF-8";
  return std::nullopt;
}

JavaValue get_property(const JavaCall& call) {
  if (null_argument(call, 0)) return java_null();
  GuestMachine& machine = call.world.machine();
  const std::string name = call.world.utf8_of(reference_argument(call, 0));
  const auto answer = java_property(machine.profile, name);
  machine.events.lookup(
      {GuestLookup::What::kSetting, "java " + name, answer.has_value(), answer.value_or("")});
  if (answer) return java_text(call.world, *answer);
  return JavaValue::reference(call.arguments.size() > 1 ? reference_argument(call, 1) : 0);
}

void add_runtime(OwnJavaWorld& world) {
  const auto on = [&](const char* member, const JavaHandler& handler) {
    handle_all(world, {"java/lang/System"}, member, handler);
  };
  on("currentTimeMillis()J", [](const JavaCall&) {
    return JavaValue::integer('J', clock_nanoseconds(CLOCK_REALTIME) / 1'000'000);
  });
  on("nanoTime()J",
     [](const JavaCall&) { return JavaValue::integer('J', clock_nanoseconds(CLOCK_MONOTONIC)); });
  on("getProperty(Ljava/lang/String;)Ljava/lang/String;", &get_property);
  on("getProperty(Ljava/lang/String;Ljava/lang/String;)Ljava/lang/String;", &get_property);
  on("gc()V", [](const JavaCall&) { return JavaValue{}; });
  on("lineSeparator()Ljava/lang/String;",
     [](const JavaCall& call) { return java_text(call.world, "\n"); });
  on("identityHashCode(Ljava/lang/Object;)I", [](const JavaCall& call) {
    const JavaReference object = reference_argument(call, 0);
    return java_int(object == 0 ? 0 : call.world.identity_of(object));
  });

  const JavaReference thread = world.new_object("java/lang/Thread");
  world.put_field(thread, "name", java_text(world, "main"));
  world.put_field(world.find_class("java/lang/Thread"), "(main)", JavaValue::reference(thread));
  handle_all(world, {"java/lang/Thread"}, "currentThread()Ljava/lang/Thread;",
             [](const JavaCall& call) {
               return JavaValue::reference(
                   object_field(call.world, call.world.find_class("java/lang/Thread"), "(main)"));
             });
  handle_all(world, {"java/lang/Thread"}, "getName()Ljava/lang/String;", [](const JavaCall& call) {
    return JavaValue::reference(object_field(call.world, call.receiver, "name"));
  });
  handle_all(world, {"java/lang/Thread"}, "getId()J",
             [](const JavaCall&) { return JavaValue::integer('J', 1); });
}

// ---- Locale ----

void add_locales(OwnJavaWorld& world) {
  constexpr const char* kLocale = "java/util/Locale";
  const std::string& text = world.machine().profile.locale;  // "en_US"
  const JavaReference locale = world.new_object(kLocale);
  world.put_field(locale, "language", java_text(world, text.substr(0, 2)));
  world.put_field(locale, "country", java_text(world, text.size() > 3 ? text.substr(3, 2) : ""));
  world.put_field(world.find_class(kLocale), "(default)", JavaValue::reference(locale));
  handle_all(world, {kLocale}, "getDefault()Ljava/util/Locale;", [](const JavaCall& call) {
    return JavaValue::reference(
        object_field(call.world, call.world.find_class("java/util/Locale"), "(default)"));
  });
  const auto part = [](OwnJavaWorld& in, JavaReference object, const char* field) {
    const JavaReference found = object_field(in, object, field);
    return found == 0 ? std::string() : in.utf8_of(found);
  };
  handle_all(world, {kLocale}, "getLanguage()Ljava/lang/String;", [part](const JavaCall& call) {
    return java_text(call.world, part(call.world, call.receiver, "language"));
  });
  handle_all(world, {kLocale}, "getCountry()Ljava/lang/String;", [part](const JavaCall& call) {
    return java_text(call.world, part(call.world, call.receiver, "country"));
  });
  for (const char* const member :
       {"toString()Ljava/lang/String;", "toLanguageTag()Ljava/lang/String;"}) {
    const std::string between = member[2] == 'L' ? "-" : "_";
    handle_all(world, {kLocale}, member, [part, between](const JavaCall& call) {
      const std::string country = part(call.world, call.receiver, "country");
      return java_text(call.world, part(call.world, call.receiver, "language") +
                                       (country.empty() ? "" : between + country));
    });
  }
}

// ---- File ----

constexpr const char* kFile = "java/io/File";

std::string path_of(OwnJavaWorld& world, JavaReference file) {
  const JavaReference path = object_field(world, file, "path");
  return path == 0 ? std::string() : world.utf8_of(path);
}

// Java's normal form: no slash twice, none at the end.
std::string normal_path(const std::string& path) {
  std::string out;
  for (const char c : path) {
    if (c != '/' || out.empty() || out.back() != '/') out += c;
  }
  if (out.size() > 1 && out.back() == '/') out.pop_back();
  return out;
}

void add_files(OwnJavaWorld& world) {
  const auto text = [&](const char* member, std::string (*of)(const std::string&)) {
    handle_all(world, {kFile}, member, [of](const JavaCall& call) {
      return java_text(call.world, of(path_of(call.world, call.receiver)));
    });
  };
  const auto absolute = [](const std::string& path) {
    return path.starts_with("/") ? path : "/" + path;
  };
  const auto last = [](const std::string& path) { return path.substr(path.rfind('/') + 1); };
  const auto same = [](const std::string& path) { return path; };
  text("getAbsolutePath()Ljava/lang/String;", absolute);
  text("getCanonicalPath()Ljava/lang/String;", absolute);
  text("getPath()Ljava/lang/String;", same);
  text("toString()Ljava/lang/String;", same);
  text("getName()Ljava/lang/String;", last);
  handle_all(world, {kFile}, "<init>(Ljava/lang/String;)V", [](const JavaCall& call) {
    if (null_argument(call, 0)) return java_null();
    return JavaValue::reference(
        new_file(call.world, call.world.utf8_of(reference_argument(call, 0))));
  });
  const JavaHandler below = [](const JavaCall& call) {
    if (null_argument(call, 1)) return java_null();
    const JavaReference parent = reference_argument(call, 0);
    const std::string name = call.world.utf8_of(reference_argument(call, 1));
    if (parent == 0) return JavaValue::reference(new_file(call.world, name));
    const std::string folder = call.world.class_name(parent) == kFile ? path_of(call.world, parent)
                                                                      : call.world.utf8_of(parent);
    return JavaValue::reference(new_file(call.world, folder + "/" + name));
  };
  handle_all(world, {kFile}, "<init>(Ljava/io/File;Ljava/lang/String;)V", below);
  handle_all(world, {kFile}, "<init>(Ljava/lang/String;Ljava/lang/String;)V", below);
  handle_all(world, {kFile}, "getParent()Ljava/lang/String;", [](const JavaCall& call) {
    const std::string path = path_of(call.world, call.receiver);
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos || path == "/") return java_null();
    return java_text(call.world, slash == 0 ? "/" : path.substr(0, slash));
  });
}

// ---- the device ----

void add_build(OwnJavaWorld& world) {
  const DeviceProfile& profile = world.machine().profile;
  const JavaReference build = world.find_class("android/os/Build");
  const std::pair<const char*, const char*> texts[] = {{"MODEL", "ro.product.model"},
                                                       {"BRAND", "ro.product.brand"},
                                                       {"DEVICE", "ro.product.device"},
                                                       {"PRODUCT", "ro.product.name"},
                                                       {"MANUFACTURER", "ro.product.manufacturer"},
                                                       {"HARDWARE", "ro.hardware"},
                                                       {"BOARD", "ro.product.board"},
                                                       {"BOOTLOADER", "ro.bootloader"},
                                                       {"DISPLAY", "ro.build.display.id"},
                                                       {"FINGERPRINT", "ro.build.fingerprint"},
                                                       {"HOST", "ro.build.host"},
                                                       {"ID", "ro.build.id"},
                                                       {"TAGS", "ro.build.tags"},
                                                       {"TYPE", "ro.build.type"},
                                                       {"USER", "ro.build.user"},
                                                       {"CPU_ABI", "ro.product.cpu.abi"}};
  // Build.UNKNOWN where the property is not set, as Android has it.
  for (const auto& [field, name] : texts)
    world.put_field(build, field, java_text(world, property(profile, name, "unknown")));
  world.put_field(build, "CPU_ABI2", java_text(world, ""));
  world.put_field(build, "UNKNOWN", java_text(world, "unknown"));
  const std::string abi = property(profile, "ro.product.cpu.abi", "arm64-v8a");
  for (const char* const field : {"SUPPORTED_ABIS", "SUPPORTED_64_BIT_ABIS"}) {
    const JavaReference abis = world.new_array('L', world.find_class("java/lang/String"), 1);
    world.set_element(abis, 0, world.new_text(abi));
    world.put_field(build, field, JavaValue::reference(abis));
  }
  const JavaReference version = world.find_class("android/os/Build$VERSION");
  world.put_field(version, "SDK_INT", java_int(profile.api_level));
  world.put_field(version, "SDK", java_text(world, std::to_string(profile.api_level)));
  world.put_field(version, "RELEASE",
                  java_text(world, property(profile, "ro.build.version.release", "unknown")));
  world.put_field(version, "CODENAME",
                  java_text(world, property(profile, "ro.build.version.codename", "REL")));
  world.put_field(version, "INCREMENTAL",
                  java_text(world, property(profile, "ro.build.version.incremental", "unknown")));
}

// ---- the app ----

constexpr const char* kContext = "android/content/Context";
constexpr const char* kManager = "android/content/pm/PackageManager";

JavaReference application(OwnJavaWorld& world) {
  return object_field(world, world.find_class("android/app/ActivityThread"), "(application)");
}

// Objects of which each Context has one, under a name of their own.
void add_single(OwnJavaWorld& world, const std::string& method, const std::string& klass) {
  const JavaReference holder = world.find_class(kContext);
  world.put_field(holder, "(" + method + ")", JavaValue::reference(world.new_object(klass)));
  world.handle(std::string(kContext) + "." + method + "()L" + klass + ";",
               [method](const JavaCall& call) {
                 return JavaValue::reference(
                     object_field(call.world, call.world.find_class(kContext), "(" + method + ")"));
               });
}

std::string data_folder(const std::string& package) {
  return "/data/user/0/" + guest_package_name(package);
}

void add_application_info(OwnJavaWorld& world, const std::string& package) {
  add_single(world, "getApplicationInfo", "android/content/pm/ApplicationInfo");
  const JavaReference info =
      object_field(world, world.find_class(kContext), "(getApplicationInfo)");
  const bool arm64 = world.machine().arm64;
  world.put_field(info, "sourceDir", java_text(world, kGuestPackagePath));
  world.put_field(info, "publicSourceDir", java_text(world, kGuestPackagePath));
  world.put_field(
      info, "nativeLibraryDir",
      java_text(world, std::string("/data/app/app/lib/") + (arm64 ? "arm64" : "x86_64")));
  world.put_field(info, "dataDir", java_text(world, data_folder(package)));
  if (package.empty()) return;
  world.put_field(info, "packageName", java_text(world, package));
  world.put_field(info, "processName", java_text(world, package));
}

void add_package(OwnJavaWorld& world, const std::string& package) {
  for (const char* const method : {"getPackageName", "getOpPackageName"})
    world.handle(std::string(kContext) + "." + method + "()Ljava/lang/String;",
                 [package](const JavaCall& call) { return java_text(call.world, package); });
  world.handle("android/app/ActivityThread.currentPackageName()Ljava/lang/String;",
               [package](const JavaCall& call) { return java_text(call.world, package); });
  world.handle(std::string(kContext) + ".getPackageCodePath()Ljava/lang/String;",
               [](const JavaCall& call) { return java_text(call.world, kGuestPackagePath); });
}

// Where the guest's files lie (libc/app_folders.h), also for a library without an app.
void add_folders(OwnJavaWorld& world, const std::string& package) {
  const std::string own = data_folder(package);
  const std::string shared = guest_shared_folder();
  const std::string apart = shared + "/Android/data/" + guest_package_name(package);
  const std::string file = "Ljava/io/File;";
  const std::pair<std::string, std::string> folders[] = {
      {"android/content/Context.getDataDir()" + file, own},
      {"android/content/Context.getFilesDir()" + file, own + "/files"},
      {"android/content/Context.getCacheDir()" + file, own + "/cache"},
      {"android/content/Context.getCodeCacheDir()" + file, own + "/code_cache"},
      {"android/content/Context.getNoBackupFilesDir()" + file, own + "/no_backup"},
      {"android/content/Context.getExternalFilesDir(Ljava/lang/String;)" + file, apart + "/files"},
      {"android/content/Context.getExternalCacheDir()" + file, apart + "/cache"},
      {"android/os/Environment.getExternalStorageDirectory()" + file, shared}};
  for (const auto& [method, path] : folders) {
    world.handle(method, [path = path](const JavaCall& call) {
      std::string whole = path;
      // The kind of files, "" or null for the folder itself.
      if (!call.arguments.empty() && reference_argument(call, 0) != 0)
        whole += "/" + call.world.utf8_of(reference_argument(call, 0));
      return JavaValue::reference(new_file(call.world, whole));
    });
  }
}

// PackageInfo.signatures of the app itself; of other packages none is installed.
void add_signatures(OwnJavaWorld& world, const AndroidApp& app) {
  world.handle(
      std::string(kManager) +
          ".getPackageInfo(Ljava/lang/String;I)Landroid/content/pm/PackageInfo;",
      [package = app.package, certificates = app.certificates](const JavaCall& call) {
        if (null_argument(call, 0)) return java_null();
        const std::string asked = call.world.utf8_of(reference_argument(call, 0));
        if (asked != package) {
          call.world.raise_new("android/content/pm/PackageManager$NameNotFoundException", asked);
          return java_null();
        }
        const JavaReference info = call.world.new_object("android/content/pm/PackageInfo");
        const JavaReference klass = call.world.find_class("android/content/pm/Signature");
        const JavaReference all = call.world.new_array('L', klass, certificates.size());
        for (std::size_t i = 0; i < certificates.size(); ++i) {
          const JavaReference each = call.world.new_object("android/content/pm/Signature");
          call.world.put_field(each, "mSignature",
                               JavaValue::reference(call.world.new_bytes(certificates[i])));
          call.world.set_element(all, i, each);
        }
        call.world.put_field(info, "signatures", JavaValue::reference(all));
        call.world.put_field(info, "packageName", java_text(call.world, package));
        return JavaValue::reference(info);
      });
  world.handle("android/content/pm/Signature.toByteArray()[B", [](const JavaCall& call) {
    return JavaValue::reference(object_field(call.world, call.receiver, "mSignature"));
  });
  const auto hex = [](const JavaCall& call) {
    std::string out;
    for (const std::uint8_t byte :
         call.world.bytes_of(object_field(call.world, call.receiver, "mSignature"))) {
      out += "0123456789abcdef"[byte >> 4U];
      out += "0123456789abcdef"[byte & 15U];
    }
    return java_text(call.world, out);
  };
  world.handle("android/content/pm/Signature.toCharsString()Ljava/lang/String;", hex);
  // Arrays.hashCode of the bytes.
  world.handle("android/content/pm/Signature.hashCode()I", [](const JavaCall& call) {
    std::uint32_t out = 1;
    for (const std::uint8_t byte :
         call.world.bytes_of(object_field(call.world, call.receiver, "mSignature")))
      out = 31 * out +
            static_cast<std::uint32_t>(static_cast<std::int32_t>(static_cast<std::int8_t>(byte)));
    return java_int(static_cast<std::int32_t>(out));
  });
}

}  // namespace

JavaReference new_file(OwnJavaWorld& world, const std::string& path) {
  const JavaReference file = world.new_object(kFile);
  world.put_field(file, "path", java_text(world, normal_path(path)));
  return file;
}

void add_system_classes(OwnJavaWorld& world) {
  add_runtime(world);
  add_locales(world);
  add_files(world);
}

void add_android_classes(OwnJavaWorld& world, const AndroidApp& app) {
  add_build(world);
  const JavaReference made = world.new_object("android/app/Application");
  world.put_field(world.find_class("android/app/ActivityThread"), "(application)",
                  JavaValue::reference(made));
  const JavaHandler current = [](const JavaCall& call) {
    return JavaValue::reference(application(call.world));
  };
  world.handle("android/app/ActivityThread.currentApplication()Landroid/app/Application;", current);
  world.handle("android/app/AppGlobals.getInitialApplication()Landroid/app/Application;", current);
  world.handle(std::string(kContext) + ".getApplicationContext()Landroid/content/Context;",
               current);
  add_single(world, "getAssets", "android/content/res/AssetManager");
  add_single(world, "getResources", "android/content/res/Resources");
  add_single(world, "getPackageManager", "android/content/pm/PackageManager");
  world.handle("android/content/res/Resources.getAssets()Landroid/content/res/AssetManager;",
               [](const JavaCall& call) {
                 return JavaValue::reference(
                     object_field(call.world, call.world.find_class(kContext), "(getAssets)"));
               });
  add_application_info(world, app.package);
  add_folders(world, app.package);
  if (app.package.empty()) return;
  add_package(world, app.package);
  if (!app.certificates.empty()) add_signatures(world, app);
}

void add_java_classes(OwnJavaWorld& world, const AndroidApp& app) {
  world.push_frame();
  add_object_classes(world);
  add_number_classes(world);
  add_text_classes(world);
  add_collection_classes(world);
  add_buffer_classes(world);
  add_system_classes(world);
  add_library_classes(world);
  add_android_classes(world, app);
  add_bitmap_classes(world, world.machine());
  world.pop_frame(0);
}

}  // namespace dl::guest
