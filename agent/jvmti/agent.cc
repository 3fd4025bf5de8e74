// SPDX-License-Identifier: Apache-2.0
// The agent as the virtual machine sees it: how it begins, which events it gets, how it ends.
// Source: JVM Tool Interface, version 1.2; what ART has of it is asked for at run time.
#include <jni.h>
#include <jvmti.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "agent_options.h"
#include "breakpoints.h"
#include "call_journal.h"
#include "daylight/base/text.h"
#include "jni_functions.h"
#include "journal_sender.h"
#include "native_calls.h"
#include "value_writer.h"

namespace dl::jvmti {
namespace {

// How long the socket may be full: the journal in front of it has a limit of its own.
constexpr std::chrono::milliseconds kSocketPatience{10'000};

// All of it lives to the end of the process: threads of the app may be inside at any time.
struct Agent {
  Agent(AgentOptions given, std::unique_ptr<capture::WireClient> client)
      : options(std::move(given)),
        journal({options.memory, std::chrono::milliseconds(options.patience_ms)}),
        rules(options.rules, options.limit),
        natives(journal, rules, options.prefix),
        breakpoints(journal, rules, natives),
        sender(journal, std::move(client)) {}

  AgentOptions options;
  CallJournal journal;
  WatchRules rules;
  NativeCalls natives;
  Breakpoints breakpoints;
  JournalSender sender;
};
Agent* agent = nullptr;
// Whether the functions are known by which values are read.
std::atomic<bool> can_read{false};

void complain(const std::string& text) {
  std::fprintf(stderr, "daylight_jvmti: %s\n", printable(text, 400).c_str());
}

const char* abi() {
#if defined(__x86_64__)
  return "x86_64";
#else
  return "arm64-v8a";
#endif
}

std::string process_name(const AgentOptions& options, jvmtiEnv* tools) {
  if (!options.name.empty()) return options.name;
  char* command = nullptr;
  if (tools->GetSystemProperty("sun.java.command", &command) == JVMTI_ERROR_NONE) {
    std::string out = command;
    tools->Deallocate(reinterpret_cast<unsigned char*>(command));
    if (!out.empty()) return out;
  }
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string out;
  std::getline(file, out, '\0');
  return out;
}

// The table of JNI functions can be had only once the machine runs.
bool take_jni_table(jvmtiEnv* tools) {
  jniNativeInterface* table = nullptr;
  if (tools->GetJNIFunctionTable(&table) != JVMTI_ERROR_NONE) return false;
  java_access().jni = *table;
  tools->Deallocate(reinterpret_cast<unsigned char*>(table));
  return true;
}

void JNICALL native_bound(jvmtiEnv* /*tools*/, JNIEnv* /*env*/, jthread /*thread*/,
                          jmethodID method, void* address, void** new_address) {
  if (!can_read) return;
  void* const thunk = agent->natives.bind(method, address);
  if (thunk != nullptr) *new_address = thunk;
}

void JNICALL machine_started(jvmtiEnv* tools, JNIEnv* /*env*/) { can_read = take_jni_table(tools); }

void JNICALL machine_ready(jvmtiEnv* tools, JNIEnv* env, jthread /*thread*/) {
  install_jni_functions(env, tools, agent->journal, agent->rules, agent->natives);
  agent->breakpoints.look_at_loaded(env);
}

void JNICALL machine_ends(jvmtiEnv* /*tools*/, JNIEnv* /*env*/) { agent->sender.finish(); }

void JNICALL class_prepared(jvmtiEnv* /*tools*/, JNIEnv* env, jthread /*thread*/, jclass klass) {
  agent->breakpoints.look_at(env, klass);
}

void JNICALL breakpoint_hit(jvmtiEnv* /*tools*/, JNIEnv* env, jthread thread, jmethodID method,
                            jlocation /*location*/) {
  agent->breakpoints.hit(env, thread, method);
}

void JNICALL method_left(jvmtiEnv* /*tools*/, JNIEnv* env, jthread thread, jmethodID method,
                         jboolean by_exception, jvalue value) {
  agent->breakpoints.left(env, thread, method, by_exception != 0, value);
}

// After fork() nobody sends what the child would record.
void after_fork() { agent->journal.close(); }

// What this virtual machine has, in this phase, of what we would use.
jvmtiCapabilities ask_capabilities(jvmtiEnv* tools) {
  jvmtiCapabilities possible{};
  jvmtiCapabilities wanted{};
  if (tools->GetPotentialCapabilities(&possible) != JVMTI_ERROR_NONE) return {};
  wanted.can_generate_native_method_bind_events = possible.can_generate_native_method_bind_events;
  if (!agent->options.prefix.empty())
    wanted.can_set_native_method_prefix = possible.can_set_native_method_prefix;
  if (agent->rules.watches_java()) {
    wanted.can_generate_breakpoint_events = possible.can_generate_breakpoint_events;
    wanted.can_access_local_variables = possible.can_access_local_variables;
    wanted.can_generate_method_exit_events = possible.can_generate_method_exit_events;
  }
  if (tools->AddCapabilities(&wanted) != JVMTI_ERROR_NONE) return {};
  return wanted;
}

bool can_watch_java(const jvmtiCapabilities& have) {
  return have.can_generate_breakpoint_events && have.can_access_local_variables &&
         have.can_generate_method_exit_events;
}

void tell_gaps(const jvmtiCapabilities& have) {
  const auto gap = [](const char* text) {
    agent->journal.tell(TraceNote{TraceLevel::kWarning, "daylight_jvmti", text});
  };
  if (!have.can_generate_native_method_bind_events)
    gap("this virtual machine does not say which functions native methods get: their calls are "
        "not seen");
  if (!agent->options.prefix.empty() && !have.can_set_native_method_prefix)
    gap("this virtual machine knows no prefix of native methods");
  if (agent->rules.watches_java() && !can_watch_java(have))
    gap("this virtual machine has no breakpoints with locals now (HotSpot has them only for "
        "agents that it starts with): methods in Java code are not seen");
}

void set_callbacks(jvmtiEnv* tools, const jvmtiCapabilities& have, bool attached) {
  jvmtiEventCallbacks callbacks{};
  callbacks.NativeMethodBind = &native_bound;
  callbacks.VMStart = &machine_started;
  callbacks.VMInit = &machine_ready;
  callbacks.VMDeath = &machine_ends;
  callbacks.ClassPrepare = &class_prepared;
  callbacks.Breakpoint = &breakpoint_hit;
  callbacks.MethodExit = &method_left;
  tools->SetEventCallbacks(&callbacks, sizeof callbacks);
  const auto enable = [tools](jvmtiEvent event) {
    tools->SetEventNotificationMode(JVMTI_ENABLE, event, nullptr);
  };
  enable(JVMTI_EVENT_VM_DEATH);
  if (!attached) {
    enable(JVMTI_EVENT_VM_START);
    enable(JVMTI_EVENT_VM_INIT);
  }
  if (have.can_generate_native_method_bind_events) enable(JVMTI_EVENT_NATIVE_METHOD_BIND);
  if (!can_watch_java(have)) return;
  agent->breakpoints.enable();
  enable(JVMTI_EVENT_BREAKPOINT);
  enable(JVMTI_EVENT_CLASS_PREPARE);
}

Result<void> connect(AgentOptions options, jvmtiEnv* tools) {
  capture::WireHello hello;
  hello.source = "jvmti";
  hello.abi = abi();
  hello.name = process_name(options, tools);
  hello.token = options.token;
  capture::WireClientOptions wire;
  wire.patience = kSocketPatience;
  auto client = TRY(capture::WireClient::connect(options.to, hello, wire));
  agent = new Agent(std::move(options), std::move(client));
  ::pthread_atfork(nullptr, nullptr, &after_fork);
  return {};
}

// A live attach comes after most of what the events would have told.
void look_at_what_runs(JavaVM* machine, jvmtiEnv* tools) {
  JNIEnv* env = nullptr;
  if (!take_jni_table(tools) ||
      machine->GetEnv(reinterpret_cast<void**>(&env), JNI_VERSION_1_6) != JNI_OK)
    return;
  can_read = true;
  install_jni_functions(env, tools, agent->journal, agent->rules, agent->natives);
  agent->natives.rebind_loaded(env);
  agent->breakpoints.look_at_loaded(env);
}

jint begin(JavaVM* machine, const char* text, bool attached) {
  if (agent != nullptr) {
    complain("is in this process already");
    return JNI_ERR;
  }
  jvmtiEnv* tools = nullptr;
  if (machine->GetEnv(reinterpret_cast<void**>(&tools), JVMTI_VERSION_1_2) != JNI_OK) {
    complain("this virtual machine has no tool interface, or not for this app");
    return JNI_ERR;
  }
  auto options = parse_agent_options(text == nullptr ? "" : text);
  const auto connected =
      options ? connect(*std::move(options), tools) : Result<void>(tl::unexpected(options.error()));
  if (!connected) {
    complain(describe(connected.error()));
    return JNI_ERR;
  }
  java_access().tools = tools;
  const jvmtiCapabilities have = ask_capabilities(tools);
  tell_gaps(have);
  if (have.can_set_native_method_prefix)
    tools->SetNativeMethodPrefix(agent->options.prefix.c_str());
  set_callbacks(tools, have, attached);
  if (attached) look_at_what_runs(machine, tools);
  return JNI_OK;
}

}  // namespace
}  // namespace dl::jvmti

extern "C" {

JNIEXPORT jint JNICALL Agent_OnLoad(JavaVM* machine, char* options, void* /*reserved*/) {
  return dl::jvmti::begin(machine, options, false);
}

JNIEXPORT jint JNICALL Agent_OnAttach(JavaVM* machine, char* options, void* /*reserved*/) {
  return dl::jvmti::begin(machine, options, true);
}
}
