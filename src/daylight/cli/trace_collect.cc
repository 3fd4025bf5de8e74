// SPDX-License-Identifier: Apache-2.0
// A collector over a new run folder.
#include "daylight/cli/trace_collect.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <array>
#include <cstdio>

#include "daylight/artifact/trace/trace_writer.h"
#include "daylight/base/digest.h"
#include "daylight/base/json.h"
#include "daylight/capture/collector.h"
#include "daylight/capture/wire/folder_sink.h"

namespace dl::cli {
namespace {

using capture::Collector;
using capture::CollectorReport;
using capture::WireAddress;

Result<std::string> new_token() {
  std::array<std::uint8_t, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    return fail(ErrorCode::kIo, "gives no random bytes", "this machine");
  return to_hex(bytes);
}

Result<WireAddress> address_of(const TraceFlags& flags) {
  if (flags.socket.empty() == flags.tcp.empty()) {
    return fail(ErrorCode::kInvalidArgument, "one of --socket and --tcp says where to listen",
                "trace collect");
  }
  return capture::parse_wire_address(flags.tcp.empty() ? "unix:" + flags.socket
                                                       : "tcp:" + flags.tcp);
}

void announce(const WireAddress& address, const std::string& token) {
  const Json json = {{"listening", print_wire_address(address)}, {"token", token}};
  fmt::print("{}\n", dump_json_line(json));
  std::fflush(stdout);
}

void report(const CollectorReport& found, const TraceCounts& counts, const TraceFlags& flags,
            Terminal& terminal) {
  const auto level =
      found.cut_off + found.killed + counts.lost.events > 0 ? LogLevel::kWarning : LogLevel::kInfo;
  terminal.message(
      level,
      fmt::format("{} events, {} calls of {} clients in {}; {} calls and {} events were lost, {} "
                  "clients cut off, {} ended without a goodbye, {} not let in",
                  counts.events, counts.calls, found.clients, flags.out.string(), counts.lost.calls,
                  counts.lost.events, found.cut_off, found.killed, found.refused));
}

}  // namespace

Result<ExitCode> collect_trace(const TraceFlags& flags, Terminal& terminal) {
  WireAddress address = TRY(address_of(flags));
  capture::CollectorOptions options;
  options.token = flags.token.empty() ? TRY(new_token()) : flags.token;
  options.expected = flags.clients;
  options.seconds = flags.seconds;
  options.stop = [&terminal] { return terminal.cancelled(); };
  TraceHead head;
  head.source = "wire";  // each process says its own
  const auto writer = TRY(TraceWriter::create(flags.out, head));
  capture::FolderSink sink(*writer);
  CollectorReport found;
  {
    Collector collector(sink, options);
    TRY_VOID(collector.listen(address));
    announce(address, options.token);
    found = collector.run();
  }
  TRY_VOID(writer->finish(found.stopped ? TraceEnding::kStopped : TraceEnding::kFinished,
                          found.stopped ? "stopped before all clients had ended" : ""));
  report(found, writer->counts(), flags, terminal);
  return kDone;
}

}  // namespace dl::cli
