// SPDX-License-Identifier: Apache-2.0
// The library is looked for beside the runtime that the program was linked with
// (its run path), then where the system looks. It is loaded for all to see:
// MPI's own plug-ins expect its symbols.
#include "MpiSession.h"

#include "../JobControl.h"
#include "mptrt/Bootstrap.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <dlfcn.h>
#include <memory>
#include <sched.h>
#include <unistd.h>

namespace mptrt {

Status MpiSession::check(int code, const char *what) const {
  if (code == 0)
    return Status();
  char text[256];
  table->errorText(code, text, sizeof(text));
  return makeStatus(Code::Internal, "MPI: %s: %s", what, text);
}

Status MpiSession::start() {
  void *library = dlopen(mpiLibraryName, RTLD_NOW | RTLD_GLOBAL);
  if (!library)
    return makeStatus(Code::Usage,
                      "--comm=mpi: %s; install Open MPI where the runtime is "
                      "built and run, or use --comm=threads or processes",
                      dlerror());
  using Getter = const MpiCalls *(*)();
  auto getter = reinterpret_cast<Getter>(dlsym(library, mpiCallsSymbol));
  table = getter ? getter() : nullptr;
  if (!table || table->version != mpiCallsVersion)
    return makeStatus(Code::Usage,
                      "--comm=mpi: '%s' is of another version than this "
                      "program; compile the program again",
                      mpiLibraryName);
  return check(table->start(&self, &ranks), "start");
}

Status MpiSession::finish() const { return check(table->finish(), "end"); }

void restBetweenPolls(int polls) {
  constexpr int eager = 100;
  if (polls < eager) {
    sched_yield();
    return;
  }
  long micros = std::min(500, 10 + (polls - eager));
  timespec rest = {0, micros * 1000};
  nanosleep(&rest, nullptr);
}

Status MpiSession::await(MpiRequest *request, double timeout,
                         const char *what) const {
  int64_t end = nowNanoseconds() + static_cast<int64_t>(timeout * 1e9);
  for (int polls = 0;; ++polls) {
    int done = 0;
    MpiReceived received;
    MPTRT_TRY(check(table->test(request, &done, &received), what));
    if (done)
      return Status();
    if (nowNanoseconds() > end)
      return makeStatus(Code::Timeout,
                        "MPI: %s: not all %d ranks came within %g s", what,
                        ranks, timeout);
    restBetweenPolls(polls);
  }
}

Status MpiSession::open(double timeout, MpiSpaces *out) const {
  for (int *space : {&out->data, &out->talk}) {
    MpiRequest request = table->none;
    MPTRT_TRY(check(table->newSpace(space, &request), "opening"));
    MPTRT_TRY(await(&request, timeout, "opening"));
  }
  return Status();
}

/// Equal for processes that see one another's numbers.
static uint64_t hostNumber() {
  char text[256] = "";
  size_t length = 0;
  if (std::FILE *file = std::fopen("/proc/sys/kernel/random/boot_id", "re")) {
    length = std::fread(text, 1, 64, file);
    std::fclose(file);
  }
  ssize_t more = readlink("/proc/self/ns/pid", text + length, 100);
  length += more > 0 ? static_cast<size_t>(more) : 0;
  return fingerprint(text, length);
}

Status MpiSession::meet(const MpiSpaces &spaces, uint64_t program,
                        double timeout, std::vector<MpiPeer> *out) const {
  MpiPeer own;
  own.program = program;
  own.host = hostNumber();
  own.process = getpid();
  out->resize(static_cast<size_t>(ranks));
  MpiRequest request = table->none;
  MPTRT_TRY(check(
      table->gather(spaces.talk, &own, sizeof(own), out->data(), &request),
      "meeting"));
  return await(&request, timeout, "meeting");
}

std::string describeProcess(const MpiPeer &peer, const MpiPeer &self) {
  if (peer.host != self.host)
    return "";
  std::string path =
      formatText("/proc/%lld/stat", static_cast<long long>(peer.process));
  std::unique_ptr<std::FILE, int (*)(std::FILE *)> file(
      std::fopen(path.c_str(), "re"), std::fclose);
  if (!file)
    return "it has ended";
  char text[512] = "";
  size_t length = std::fread(text, 1, sizeof(text) - 1, file.get());
  // The state follows the name, which stands in parentheses.
  std::string line(text, length);
  size_t name = line.rfind(')');
  char state = name != std::string::npos && name + 2 < line.size()
                   ? line[name + 2]
                   : '?';
  if (state == 'T' || state == 't')
    return "it is stopped";
  return state == 'Z' || state == 'X' ? "it has ended" : "";
}

} // namespace mptrt
