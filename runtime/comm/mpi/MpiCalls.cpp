// SPDX-License-Identifier: Apache-2.0
// libmptrt_mpi.so: the table of MpiCalls.h over the MPI that it was built with.
// It is the only place that sees mpi.h.
#include "MpiCalls.h"

#include <climits>
#include <cstring>
#include <deque>
#define OMPI_SKIP_MPICXX 1
#include <mpi.h>

using namespace mptrt;

namespace {

static_assert(sizeof(MPI_Request) <= sizeof(MpiRequest),
              "a request fits the word that stands for it");

/// Communicators by number; MPI writes into an entry after it has been made.
std::deque<MPI_Comm> &spaces() {
  static std::deque<MPI_Comm> list;
  return list;
}

MPI_Comm comm(int space) { return spaces()[static_cast<size_t>(space)]; }

MpiRequest pack(MPI_Request request) {
  MpiRequest word = 0;
  std::memcpy(&word, &request, sizeof(request));
  return word;
}

MPI_Request unpack(MpiRequest word) {
  MPI_Request request;
  std::memcpy(&request, &word, sizeof(request));
  return request;
}

int start(int *rank, int *size) {
  int provided = 0;
  if (int code =
          MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided))
    return code;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_rank(MPI_COMM_WORLD, rank);
  return MPI_Comm_size(MPI_COMM_WORLD, size);
}

int finish() { return MPI_Finalize(); }

int newSpace(int *space, MpiRequest *request) {
  *space = static_cast<int>(spaces().size());
  spaces().push_back(MPI_COMM_NULL);
  MPI_Request started = MPI_REQUEST_NULL;
  int code = MPI_Comm_idup(MPI_COMM_WORLD, &spaces().back(), &started);
  *request = pack(started);
  return code;
}

int send(int space, int peer, int tag, const void *data, size_t bytes,
         MpiRequest *request) {
  if (bytes > INT_MAX)
    return MPI_ERR_COUNT;
  MPI_Request started = MPI_REQUEST_NULL;
  int code = MPI_Isend(data, static_cast<int>(bytes), MPI_BYTE, peer, tag,
                       comm(space), &started);
  *request = pack(started);
  return code;
}

int receive(int space, int peer, int tag, void *data, size_t bytes,
            MpiRequest *request) {
  if (bytes > INT_MAX)
    return MPI_ERR_COUNT;
  MPI_Request started = MPI_REQUEST_NULL;
  int code =
      MPI_Irecv(data, static_cast<int>(bytes), MPI_BYTE,
                peer < 0 ? MPI_ANY_SOURCE : peer, tag, comm(space), &started);
  *request = pack(started);
  return code;
}

int gather(int space, const void *own, size_t bytes, void *all,
           MpiRequest *request) {
  MPI_Request started = MPI_REQUEST_NULL;
  int count = static_cast<int>(bytes);
  int code = MPI_Iallgather(own, count, MPI_BYTE, all, count, MPI_BYTE,
                            comm(space), &started);
  *request = pack(started);
  return code;
}

int barrier(int space, MpiRequest *request) {
  MPI_Request started = MPI_REQUEST_NULL;
  int code = MPI_Ibarrier(comm(space), &started);
  *request = pack(started);
  return code;
}

int test(MpiRequest *request, int *done, MpiReceived *received) {
  MPI_Request tested = unpack(*request);
  MPI_Status status = {};
  int count = 0;
  int code = MPI_Test(&tested, done, &status);
  *request = pack(tested);
  int kind = MPI_SUCCESS;
  if (code != MPI_SUCCESS)
    MPI_Error_class(code, &kind);
  received->source = status.MPI_SOURCE;
  if (kind == MPI_ERR_TRUNCATE) {
    *done = 1;
    received->bytes = -1;
    return MPI_SUCCESS;
  }
  if (code == MPI_SUCCESS && *done)
    MPI_Get_count(&status, MPI_BYTE, &count);
  received->bytes = count;
  return code;
}

int cancel(MpiRequest *request) {
  MPI_Request cancelled = unpack(*request);
  int code = MPI_Cancel(&cancelled);
  if (code == MPI_SUCCESS)
    code = MPI_Request_free(&cancelled);
  *request = pack(MPI_REQUEST_NULL);
  return code;
}

void errorText(int code, char *text, size_t room) {
  char buffer[MPI_MAX_ERROR_STRING] = "unknown error";
  int length = 0;
  MPI_Error_string(code, buffer, &length);
  std::strncpy(text, buffer, room - 1);
  text[room - 1] = '\0';
}

} // namespace

extern "C" __attribute__((visibility("default"))) const MpiCalls *
mptrt_mpi_calls() {
  static const MpiCalls calls = {mpiCallsVersion, pack(MPI_REQUEST_NULL),
                                 start,           finish,
                                 newSpace,        send,
                                 receive,         gather,
                                 barrier,         test,
                                 cancel,          errorText};
  return &calls;
}
