// SPDX-License-Identifier: Apache-2.0
// Phase 3: mesh, stages, storage of parameters, constraints, the schedule's
// header. Decisions come from flags; what they leave open is decided in
// PlanStages.cpp and PlanTensors.cpp. Refused here: axes that are unknown or
// not supported (cp, ep), micro-batches that do not divide the batch, more data
// ranks than samples of a micro-batch, schedules that do not fit.
#include "Planner.h"
#include "mpt/Analysis/Schedule/Text.h"
#include "mpt/Analysis/Sharding/Factors.h"
#include "mpt/Planning/Passes.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_PLANPASS
#include "mpt/Planning/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;
namespace schedule = ::mpt::schedule;

namespace {
struct Plan : mlir::mpt::impl::PlanPassBase<Plan> {
  void runOnOperation() override;
  FailureOr<MeshOp> planMesh(const Config &config);
  LogicalResult checkBatch(func::FuncOp func, MeshOp mesh);
  LogicalResult readSchedule(const Config &config, MeshOp mesh);
  LogicalResult planHeader(const Config &config, MeshOp mesh, int64_t stages);

  std::optional<schedule::Schedule> given; ///< of --schedule=FILE
};
} // namespace

/// Device axes in rank order, outermost first, and the time axis.
FailureOr<MeshOp> Plan::planMesh(const Config &config) {
  ModuleOp module = getOperation();
  bool ok = true;
  auto dict = module->getAttrOfType<DictionaryAttr>(kConfigAttr);
  if (auto mesh = dict ? dict.getAs<DictionaryAttr>("mesh") : DictionaryAttr())
    for (NamedAttribute axis : mesh) {
      StringRef name = axis.getName();
      int64_t size = config.getMeshSize(name);
      if (!llvm::is_contained({"pp", "dp", "cp", "tp", "ep"}, name)) {
        module.emitError() << "unknown mesh axis '" << name
                           << "'; expected pp, dp, cp, tp or ep";
        ok = false;
      } else if (size < 1) {
        module.emitError() << "mesh axis '" << name << "' has size " << size
                           << "; sizes start at 1";
        ok = false;
      } else if ((name == "cp" || name == "ep") && size > 1) {
        module.emitError() << "mesh axis '" << name
                           << "' is not supported yet; use pp, dp and tp";
        ok = false;
      }
    }
  int64_t micro = config.getMicrobatches();
  if (micro < 1) {
    module.emitError() << "the number of micro-batches is " << micro
                       << "; it must be at least 1";
    ok = false;
  }
  if (!ok)
    return failure();
  SmallVector<Attribute> axes;
  for (StringRef name : {"pp", "dp", "cp", "tp", "ep"})
    if (config.getMeshSize(name) > 1)
      axes.push_back(
          AxisRefAttr::get(&getContext(), name, config.getMeshSize(name)));
  Attribute time = AxisRefAttr::get(&getContext(), kMicroAxis, micro);
  OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
  return MeshOp::create(b, module.getLoc(), b.getArrayAttr(axes),
                        b.getArrayAttr(time));
}

LogicalResult Plan::checkBatch(func::FuncOp func, MeshOp mesh) {
  int64_t batch = -1, micro = mesh.getSize(kMicroAxis), dp = mesh.getSize("dp");
  StringRef first;
  LogicalResult result = success();
  for (BlockArgument arg : func.getArguments()) {
    auto attr =
        func.getArgAttrOfType<StringAttr>(arg.getArgNumber(), "mpt.input");
    StringRef name = attr ? attr.getValue() : "?";
    auto type = cast<RankedTensorType>(arg.getType());
    if (type.getRank() == 0) {
      result = func.emitError() << "input '" << name
                                << "' is a scalar; every input must have the "
                                   "batch as its first dim";
    } else if (batch < 0) {
      batch = type.getDimSize(0);
      first = name;
    } else if (type.getDimSize(0) != batch) {
      result = func.emitError()
               << "inputs disagree on the batch, their first dim: '" << first
               << "' has " << batch << ", '" << name << "' has "
               << type.getDimSize(0);
    }
  }
  if (failed(result) || batch < 0)
    return result;
  if (batch % micro != 0)
    return func.emitError()
           << micro << " micro-batches do not divide the batch of " << batch
           << " samples; choose a divisor for "
           << "--microbatches or bind another batch";
  if (dp > batch / micro)
    return func.emitError()
           << "dp=" << dp << " cuts micro-batches of " << batch / micro
           << " samples; lower dp or the number of micro-batches";
  return success();
}

LogicalResult Plan::readSchedule(const Config &config, MeshOp mesh) {
  StringRef text = config.getString("schedule_text");
  if (text.empty())
    return success();
  ModuleOp module = getOperation();
  auto parsed = schedule::parseSchedule(text.str());
  if (!parsed) {
    for (const schedule::Diagnostic &problem : parsed.problems)
      module.emitError() << "--schedule: line " << problem.line << ", column "
                         << problem.column << ": " << problem.message;
    return failure();
  }
  given = *parsed;
  LogicalResult result = success();
  auto agree = [&](StringRef what, int64_t file, StringRef flag,
                   int64_t found) {
    if (file != found)
      result = module.emitError() << "--schedule has " << file << " " << what
                                  << ", " << flag << " says " << found;
  };
  agree("ranks", given->numRanks(), "pp of --mesh", mesh.getSize("pp"));
  agree("micro-batches", given->microbatches, "--microbatches",
        mesh.getSize(kMicroAxis));
  if (given->slices != 1)
    result = module.emitError() << "--schedule has " << given->slices
                                << " slices; only 1 is supported yet";
  if (int64_t stages = config.getInt("stages", given->stages))
    agree("stages", given->stages, "--stages", stages);
  return result;
}

/// Kinds of the tasks of one micro-batch, in canonical order.
static std::string taskKinds(const schedule::Schedule &s) {
  std::string kinds;
  for (schedule::Kind kind :
       {schedule::Kind::F, schedule::Kind::B, schedule::Kind::I,
        schedule::Kind::W, schedule::Kind::R}) {
    bool used = llvm::any_of(s.ranks, [&](const schedule::RankList &rank) {
      return llvm::any_of(rank.actions, [&](const schedule::Action &action) {
        return action.kind == kind;
      });
    });
    if (used)
      kinds += (kinds.empty() ? "" : " ") + std::string(kindName(kind));
  }
  return kinds;
}

LogicalResult Plan::planHeader(const Config &config, MeshOp mesh,
                               int64_t stages) {
  ModuleOp module = getOperation();
  int64_t pp = mesh.getSize("pp");
  std::string name = config.getString("schedule", "gpipe").str();
  std::string tasks = config.isInference() ? "F" : "F B";
  SmallVector<int64_t> place;
  StringAttr text;
  if (given) {
    if (given->stages != stages)
      return module.emitError() << "--schedule has " << given->stages
                                << " stages, --stages makes " << stages;
    name = given->name;
    tasks = taskKinds(*given);
    place.assign(given->place.begin(), given->place.end());
    text = StringAttr::get(&getContext(), config.getString("schedule_text"));
  } else if (name != "gpipe" && name != "1f1b") {
    return module.emitError() << "unknown schedule '" << name
                              << "'; expected gpipe, 1f1b or a file";
  }
  if (stages < pp)
    return module.emitError() << "pp=" << pp << " needs at least " << pp
                              << " stages, --stages makes " << stages;
  if (!given)
    for (int64_t s = 0; s < stages; ++s)
      place.push_back(s * pp / stages);
  OpBuilder b(&getContext());
  b.setInsertionPointAfter(mesh);
  ScheduleHeaderOp::create(b, module.getLoc(), b.getStringAttr(name),
                           b.getStringAttr(tasks), b.getI64IntegerAttr(stages),
                           b.getI64IntegerAttr(mesh.getSize(kMicroAxis)),
                           b.getDenseI64ArrayAttr(place), text);
  return success();
}

void Plan::runOnOperation() {
  ModuleOp module = getOperation();
  Config config(module);
  FailureOr<MeshOp> mesh = planMesh(config);
  if (failed(mesh) || failed(readSchedule(config, *mesh)))
    return signalPassFailure();
  SmallVector<func::FuncOp> programs;
  for (auto func : module.getOps<func::FuncOp>())
    if (!func.isExternal())
      programs.push_back(func);
  if (programs.size() != 1) {
    module.emitError() << "expected one program, found " << programs.size();
    return signalPassFailure();
  }
  func::FuncOp func = programs.front();
  if (failed(checkBatch(func, *mesh)))
    return signalPassFailure();
  if (given &&
      !module->getAttrOfType<DictionaryAttr>(kConfigAttr).get("stages"))
    setConfig(
        module, "stages",
        IntegerAttr::get(IntegerType::get(&getContext(), 64), given->stages));
  ProgramRoles roles(func);
  ConstraintSeeds seeds;
  FailureOr<int64_t> stages = planStages(func, roles, Config(module));
  if (succeeded(stages) && mesh->getAxis("tp"))
    seeds.residuals = findResiduals(func, roles);
  if (failed(stages) || failed(planHeader(config, *mesh, *stages)) ||
      failed(planStorage(module, func, roles, *mesh, config, seeds)) ||
      failed(planConstraints(func, roles, *mesh, seeds)))
    return signalPassFailure();
  if (!config.isInference())
    planRecompute(func, roles);
}
