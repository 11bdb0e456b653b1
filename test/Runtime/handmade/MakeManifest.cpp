// SPDX-License-Identifier: Apache-2.0
// make-manifest MANIFEST WEIGHTS: writes the manifest of the hand-made program
// and the file with its initial values (f32, small multiples of 1/64).
#include "Layout.h"
#include "mptrt/Manifest.h"

#include <fstream>
#include <iostream>

using namespace handmade;
using namespace mptrt::abi;

#ifdef HANDMADE_PREDICT
constexpr bool predict = true;
#else
constexpr bool predict = false;
#endif
#ifndef HANDMADE_TARGET
#define HANDMADE_TARGET "cpu"
#endif

static void addState(Manifest &m, const char *name, const char *role,
                     int64_t dtype, std::vector<int64_t> shape,
                     std::vector<Cut> cuts, std::vector<int64_t> stages) {
  State state;
  state.name = name;
  state.role = role;
  state.trainable = state.role == "parameter";
  state.dtype = dtype;
  state.shape = shape;
  state.cuts = cuts;
  state.stages = stages;
  state.source.kind = "zero";
  m.states.push_back(state);
}

static Source slice(const std::string &file, int64_t offset,
                    std::vector<int64_t> shape, std::vector<int64_t> perm) {
  Source source;
  source.kind = "file";
  source.file = file;
  source.offset = offset;
  source.dtype = DTypeF32;
  source.fileShape = shape;
  source.perm = perm;
  source.bytes = 4 * shape[0] * shape[1];
  return source;
}

static void addTasks(Manifest &m) {
  struct Row {
    const char *name, *kind;
    int64_t stage;
    std::vector<std::string> launches; // library calls and names of kernels
  };
  const std::vector<Row> list = {
      {"s0_F", "F", 0, {"gemm"}},
      {"s1_F", "F", 1, {"gemm", "all_reduce", "difference"}},
      {"s1_B", "B", 1, {"gemm", "gemm"}},
      {"s0_B", "B", 0, {"gemm"}},
      {"s0_RS", "RS", 0, {"all_reduce"}},
      {"s1_RS", "RS", 1, {"all_reduce"}},
      {"s0_NORM", "NORM", 0, {"totals"}},
      {"s1_NORM", "NORM", 1, {"totals"}},
      {"s0_OPT", "OPT", 0, {"update"}},
      {"s1_OPT", "OPT", 1, {"update"}},
  };
  for (const Row &row : list) {
    Task task{row.name, row.kind, row.stage, 0, {}};
    for (const std::string &what : row.launches) {
      bool isSum = what == "all_reduce", isKernel = !isSum && what != "gemm";
      Launch launch;
      launch.what = isKernel ? "kernel" : what;
      launch.kernel = isKernel ? what : "";
      launch.group = isSum ? (task.kind == "F" ? GroupTp : GroupDp) : -1;
      launch.nodes = {row.stage ? "second" : "first"};
      task.launches.push_back(launch);
    }
    m.tasks.push_back(task);
  }
  for (const char *name : {"add", "difference", "totals", "update"})
    m.kernels.push_back({name});
}

static void addGroupsAndTransfers(Manifest &m) {
  std::vector<std::string> all;
  for (const Axis &axis : m.axes)
    all.push_back(axis.name);
  m.groups = {{"tp", {"tp"}, {}}, {"dp", {"dp"}, {}}, {"all", all, {}}};
  m.groups.insert(m.groups.begin() + GroupPp, {"pp", {"pp"}, {}});
  int64_t moves = pp > 1 ? int64_t(GroupPp) : -1;
  m.transfers = {
      {"h",
       "move",
       "F",
       0,
       1,
       {},
       DTypeF64,
       rows * cols,
       rows * cols * 8,
       moves},
      {"dh",
       "move",
       "B",
       1,
       0,
       {},
       DTypeF64,
       rows * cols,
       rows * cols * 8,
       moves},
      {"totals", "sum", "NORM", 0, 0, {0, 1}, DTypeF64, 4, 32, GroupAll}};
}

static Action runTask(int64_t task, int64_t mb = -1) {
  int64_t slot = mb < 0 ? 0 : mb;
  return {ActionRun, task, -1, mb, 0, {slot, slot}};
}

static Action move(int64_t op, int64_t transfer, int64_t mb) {
  return {pp > 1 ? op : int64_t(ActionHandOver), -1, transfer, mb, mb, {}};
}

/// GPipe: all forwards, all backwards, then the update.
static std::vector<Action> actionsOf(int64_t stage) {
  bool first = stage != 1, second = stage != 0; // -1: both
  std::vector<Action> list;
  for (int64_t m = 0; m < micro; ++m) {
    if (first)
      list.push_back(runTask(F0, m));
    list.push_back(move(first ? ActionSend : ActionReceive, 0, m));
    if (second)
      list.push_back(runTask(F1, m));
  }
  if (predict)
    return list;
  for (int64_t m = 0; m < micro; ++m) {
    if (second)
      list.push_back(runTask(B1, m));
    list.push_back(move(second ? ActionSend : ActionReceive, 1, m));
    if (first)
      list.push_back(runTask(B0, m));
  }
  for (int64_t task : {RS0, NORM0})
    for (int64_t s : {0, 1})
      if (s ? second : first)
        list.push_back(runTask(task + s));
  list.push_back({ActionExchange, -1, 2, -1, 0, {}});
  for (int64_t s : {0, 1})
    if (s ? second : first)
      list.push_back(runTask(OPT0 + s));
  return list;
}

static Coordinate coordinateOf(int64_t stage) {
  bool first = stage != 1, second = stage != 0;
  Coordinate c;
  c.arenaBytes = c.peakBytes = arena;
  c.arenaAlign = 64;
  c.events = 2;
  if (first)
    c.stages.push_back(0);
  if (second)
    c.stages.push_back(1);
  int64_t slotBytes = bytes(rows * cols);
  c.transfers = {{0, h, slotBytes, h, slotBytes, {}, {}, -1},
                 {1, dh, slotBytes, dh, slotBytes, {}, {}, -1}};
  if (first)
    c.states.push_back({0, w0, in * cols * 8, predict ? -1 : g0});
  if (second)
    c.states.push_back({1, w1, cols * out * 8, predict ? -1 : g1});
  if (first)
    c.inputs.push_back({0, x, bytes(rows * in)});
  if (predict) {
    if (second)
      c.outputs.push_back({0, y, bytes(rows * out)});
  } else {
    if (second)
      c.inputs.push_back({1, t, bytes(rows * out)});
    c.states.push_back({2, lr, 8, -1});
    c.states.push_back({3, count, 8, -1});
    c.states.push_back({4, stop, 8, -1});
    std::vector<int64_t> sums;
    if (first)
      sums.push_back(totals0);
    if (second)
      sums.push_back(totals1);
    c.transfers.push_back({2, -1, 0, -1, 0, sums, sums, Add});
    c.metrics = {{"totals", sums.front(), DTypeF64, 4},
                 {"grad_norm", norm, DTypeF64, 1}};
    c.zeroed = {{g0, bytes(in * cols)}, {g1, bytes(cols * out)}, {loss, 64}};
  }
  c.actions = actionsOf(stage);
  return c;
}

static Manifest makeManifest(const std::string &weights) {
  Manifest m;
  size_t slash = weights.rfind('/');
  m.directory = weights.substr(0, slash);
  m.name = "handmade";
  m.program = predict ? "predict" : "step";
  m.target = HANDMADE_TARGET;
  m.precision = "f64";
  m.schedule = "gpipe";
  m.optimizer = "sgd";
  m.batch = batch;
  m.microbatches = micro;
  for (auto &axis : {Axis{"pp", pp}, Axis{"dp", dp}, Axis{"tp", tp}})
    if (axis.size > 1)
      m.axes.push_back(axis);
  m.place = {0, pp - 1};
  std::vector<Cut> rowsCut = {{{"micro", "dp"}}, {}};
  m.inputs = {{"x", 0, DTypeF64, {batch, in}, rowsCut}};
  if (predict)
    m.outputs = {{"y", DTypeF64, {batch, out}, rowsCut}};
  else
    m.inputs.push_back({"t", 1, DTypeF64, {batch, out}, rowsCut});
  std::string file = weights.substr(slash + 1);
  addState(m, "w0", "parameter", DTypeF64, {in, hidden}, {{}, {{"tp"}}}, {0});
  m.states.back().source = slice(file, 0, {in, hidden}, {});
  addState(m, "w1", "parameter", DTypeF64, {hidden, out}, {{{"tp"}}, {}}, {1});
  m.states.back().source = slice(file, 4 * in * hidden, {out, hidden}, {1, 0});
  if (!predict) {
    addState(m, "step.lr", "counter", DTypeF64, {}, {}, {0, 1});
    addState(m, "step.count", "counter", DTypeI64, {}, {}, {0, 1});
    addState(m, "step.stop", "counter", DTypeF64, {}, {}, {0, 1});
    m.totals = {"loss", "stop", "w0", "w1"};
  }
  addTasks(m);
  addGroupsAndTransfers(m);
  if (predict)
    m.transfers.resize(2);
  for (int64_t c = 0; c < pp; ++c)
    m.coordinates.push_back(coordinateOf(pp > 1 ? c : -1));
  if (predict)
    for (Coordinate &c : m.coordinates)
      c.transfers.resize(1);
  return m;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    std::cerr << "usage: make-manifest MANIFEST WEIGHTS\n";
    return 2;
  }
  std::string weights = argv[2];
  std::ofstream(argv[1], std::ios::binary)
      << encodeManifest(makeManifest(weights));
  std::ofstream values(weights, std::ios::binary);
  for (int64_t i = 0; i < hidden * (in + out); ++i) {
    float value = static_cast<float>((i * 37 + 11) % 64 - 32) / 64;
    values.write(reinterpret_cast<const char *>(&value), 4);
  }
  return values.good() ? 0 : 1;
}
