// SPDX-License-Identifier: Apache-2.0
// The manifest as people and scripts want it: names instead of indices, bytes
// per rank, one line per launch and action.
#include "exec/Inspect.h"

#include "exec/SavedSets.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace mptrt {

using Json = nlohmann::ordered_json;

namespace {

Json axesOf(const std::vector<abi::Cut> &cuts) {
  Json list = Json::array();
  for (const abi::Cut &cut : cuts)
    list.push_back(cut.axes);
  return list;
}

const char *typeName(int64_t dtype) {
  return dtypeName(static_cast<DType>(dtype));
}

Json parameterJson(const abi::Manifest &manifest, size_t index) {
  const abi::State &state = manifest.states[index];
  Json item = {{"name", state.name},
               {"shape", state.shape},
               {"dtype", typeName(state.dtype)},
               {"storage", axesOf(state.cuts)},
               {"stages", state.stages},
               {"trainable", state.trainable != 0}};
  for (const abi::Coordinate &coordinate : manifest.coordinates)
    for (const abi::StatePlace &place : coordinate.states)
      if (place.state == static_cast<int64_t>(index) &&
          !item.contains("offset")) {
        item["offset"] = place.offset;
        item["bytes"] = place.bytes;
      }
  const abi::Source &source = state.source;
  if (source.kind == "file") {
    item["source"] = {{"file", source.file},
                      {"offset", source.offset},
                      {"bytes", source.bytes}};
    if (!source.perm.empty())
      item["source"]["perm"] = source.perm;
  } else {
    item["source"] = {{"kind", source.kind}};
  }
  return item;
}

int64_t parameterBytes(const abi::Manifest &manifest,
                       const abi::Coordinate &coordinate) {
  int64_t bytes = 0;
  for (const abi::StatePlace &place : coordinate.states)
    if (manifest.states[static_cast<size_t>(place.state)].role == "parameter")
      bytes += place.bytes;
  return bytes;
}

/// Of a step.
int64_t messages(const abi::Coordinate &coordinate, int64_t op) {
  return std::count_if(
      coordinate.actions.begin(), coordinate.actions.end(),
      [&](const abi::Action &action) { return action.op == op; });
}

Json ranksJson(const Program &program) {
  Json list = Json::array();
  for (int rank = 0; rank < program.mesh.ranks(); ++rank) {
    const abi::Coordinate &own =
        program.manifest
            .coordinates[static_cast<size_t>(program.mesh.coordinate(rank))];
    Json coordinates = Json::object();
    std::vector<int64_t> at = program.mesh.indices(rank);
    for (size_t i = 0; i < at.size(); ++i)
      coordinates[program.mesh.axes()[i].name] = at[i];
    list.push_back(
        {{"rank", rank},
         {"coordinates", coordinates},
         {"parameter_bytes", parameterBytes(program.manifest, own)},
         {"arena_bytes", own.arenaBytes},
         {"sends", messages(own, abi::ActionSend)},
         {"receives", messages(own, abi::ActionReceive)},
         {"saved_sets", SavedSets(program.manifest, own).planned()}});
  }
  return list;
}

Json launchJson(const abi::Manifest &manifest, const abi::Launch &launch) {
  Json item = Json::object();
  if (launch.what == "kernel")
    item["kernel"] = launch.kernel;
  else if (launch.group >= 0)
    item["collective"] = launch.what;
  else
    item["library"] = launch.what;
  if (launch.group >= 0 &&
      launch.group < static_cast<int64_t>(manifest.groups.size()))
    item["group"] = manifest.groups[static_cast<size_t>(launch.group)].name;
  if (launch.bytes > 0)
    item["bytes"] = launch.bytes;
  item["nodes"] = launch.nodes;
  return item;
}

std::string actionText(const abi::Manifest &manifest,
                       const abi::Action &action) {
  static const char *const verbs[] = {"run", "send", "recv", "hand_over",
                                      "exchange"};
  std::string text = verbs[action.op];
  if (action.op == abi::ActionRun)
    text += " @" + manifest.tasks[static_cast<size_t>(action.task)].name;
  else
    text +=
        " @" + manifest.transfers[static_cast<size_t>(action.transfer)].name;
  if (action.microbatch >= 0)
    text += formatText(" mb %lld", (long long)action.microbatch);
  if (action.op != abi::ActionRun && action.op != abi::ActionExchange)
    text += formatText(" slot %lld", (long long)action.slot);
  return text;
}

Json transfersJson(const abi::Manifest &manifest) {
  Json list = Json::array();
  for (const abi::Transfer &transfer : manifest.transfers) {
    Json item = {{"name", transfer.name}, {"kind", transfer.kind}};
    if (transfer.kind == "move") {
      item["from"] = transfer.from;
      item["to"] = transfer.to;
    } else {
      item["among"] = transfer.among;
    }
    item["dtype"] = typeName(transfer.dtype);
    item["bytes"] = transfer.bytes;
    if (transfer.group >= 0 &&
        transfer.group < static_cast<int64_t>(manifest.groups.size()))
      item["group"] = manifest.groups[static_cast<size_t>(transfer.group)].name;
    list.push_back(std::move(item));
  }
  return list;
}

template <typename List> Json arraysJson(const List &list) {
  Json result = Json::array();
  for (const auto &item : list)
    result.push_back({{"name", item.name},
                      {"shape", item.shape},
                      {"dtype", typeName(item.dtype)},
                      {"sharding", axesOf(item.cuts)}});
  return result;
}

} // namespace

std::string inspectText(const Program &program) {
  const abi::Manifest &manifest = program.manifest;
  Json mesh = Json::object(), launches = Json::object();
  for (const abi::Axis &axis : manifest.axes)
    mesh[axis.name] = axis.size;
  for (const abi::Task &task : manifest.tasks) {
    launches[task.name] = Json::array();
    for (const abi::Launch &launch : task.launches)
      launches[task.name].push_back(launchJson(manifest, launch));
  }
  Json arena = Json::array(), actions = Json::array(),
       parameters = Json::array(), groups = Json::array();
  for (const abi::Coordinate &coordinate : manifest.coordinates) {
    arena.push_back(coordinate.arenaBytes);
    Json list = Json::array();
    for (const abi::Action &action : coordinate.actions)
      list.push_back(actionText(manifest, action));
    actions.push_back(std::move(list));
  }
  for (size_t i = 0; i < manifest.states.size(); ++i)
    if (manifest.states[i].role == "parameter")
      parameters.push_back(parameterJson(manifest, i));
  for (const abi::Group &group : manifest.groups)
    groups.push_back({{"name", group.name},
                      {"axes", group.axes},
                      {"ranks", program.mesh.instances(group)}});
  Json document = {{"name", manifest.name},
                   {"program", manifest.program},
                   {"target", manifest.target},
                   {"precision", manifest.precision},
                   {"mesh", mesh},
                   {"batch", manifest.batch},
                   {"microbatches", manifest.microbatches},
                   {"schedule", manifest.schedule},
                   {"place", manifest.place},
                   {"optimizer", manifest.optimizer},
                   {"arena", arena},
                   {"ranks", ranksJson(program)},
                   {"inputs", arraysJson(manifest.inputs)},
                   {"outputs", arraysJson(manifest.outputs)},
                   {"parameters", parameters},
                   {"totals", manifest.totals},
                   {"groups", groups},
                   {"transfers", transfersJson(manifest)},
                   {"launches", launches},
                   {"actions", actions}};
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace mptrt
