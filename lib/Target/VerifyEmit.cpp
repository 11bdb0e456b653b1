// SPDX-License-Identifier: Apache-2.0
// The form of phase 10: only LLVM dialect (and the GPU's modules); undefined
// symbols are calls of abi.def, as declared there, or functions of libc and
// libm; the manifest decodes, its numbers lie inside its lists and its places
// inside the arenas; tables, launches and collectives agree with it.
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mpt/IR/Mpt.h"
#include "mpt/Target/Passes.h"
#include "mptrt/Manifest.h"

namespace mlir::mpt {
#define GEN_PASS_DEF_VERIFYEMITPASS
#include "mpt/Target/Passes.h.inc"
} // namespace mlir::mpt

using namespace mlir;
using namespace mlir::mpt;
namespace abi = mptrt::abi;

namespace {
struct VerifyEmit : mpt::impl::VerifyEmitPassBase<VerifyEmit> {
  void runOnOperation() override;
};

/// Reports all problems of one module.
class EmitVerifier {
public:
  explicit EmitVerifier(ModuleOp module) : module(module) {}
  LogicalResult verify();

private:
  InFlightDiagnostic report(Operation *op) {
    ok = false;
    return op->emitError();
  }
  void checkOps();
  void checkDeclaration(LLVM::LLVMFuncOp function);
  bool decode();
  void checkTable(StringRef name, ArrayRef<std::string> entries);
  void checkManifest();
  void checkCoordinate(const abi::Coordinate &at, size_t pp);
  void checkAction(const abi::Action &action, const abi::Coordinate &at,
                   size_t pp);
  void checkCall(LLVM::CallOp call);
  void checkNumber(LLVM::CallOp call, unsigned operand, StringRef what,
                   size_t count);
  /// Reports a number of the manifest outside of [from, count).
  void checkIndex(const Twine &what, int64_t index, size_t count,
                  int64_t from = 0);
  void checkPlace(const Twine &what, int64_t at, int64_t bytes,
                  const abi::Coordinate &where);

  ModuleOp module;
  abi::Manifest manifest;
  bool ok = true;
};
} // namespace

static const llvm::StringMap<std::string> &getCalls() {
  static const llvm::StringMap<std::string> calls = [] {
    llvm::StringMap<std::string> map;
#define PTR 'p'
#define I32 'i'
#define I64 'l'
#define MPT_KINDS(...) std::string({__VA_ARGS__})
#define MPTRT_CALL(NAME, KINDS) map[#NAME] = MPT_KINDS KINDS;
#include "mptrt/abi.def"
#undef PTR
#undef I32
#undef I64
    return map;
  }();
  return calls;
}

/// Functions of libc and libm that generated code may call.
static bool isLibraryFunction(StringRef name) {
  static const StringRef names[] = {
      "malloc", "free",  "memcpy", "memmove", "memset", "acos",  "acosh",
      "asin",   "asinh", "atan",   "atan2",   "atanh",  "cbrt",  "cos",
      "cosh",   "erf",   "erfc",   "exp",     "exp2",   "expm1", "fmod",
      "log",    "log10", "log1p",  "log2",    "pow",    "round", "roundeven",
      "sin",    "sinh",  "sqrt",   "tan",     "tanh",   "fma",   "floor",
      "ceil",   "trunc", "rint"};
  if (llvm::is_contained(names, name))
    return true;
  return name.consume_back("f") && llvm::is_contained(names, name);
}

void EmitVerifier::checkDeclaration(LLVM::LLVMFuncOp function) {
  StringRef name = function.getName();
  auto known = getCalls().find(name);
  if (known == getCalls().end()) {
    if (!isLibraryFunction(name))
      report(function) << "undefined symbol '" << name
                       << "'; expected functions of abi.def, libc and libm";
    return;
  }
  std::string found;
  for (Type type : function.getFunctionType().getParams())
    found += isa<LLVM::LLVMPointerType>(type) ? 'p'
             : type.isInteger(32)             ? 'i'
             : type.isInteger(64)             ? 'l'
                                              : '?';
  if (found != known->second)
    report(function) << "'" << name << "' is declared with arguments " << found
                     << "; abi.def has " << known->second
                     << " (p pointer, i i32, l i64)";
}

void EmitVerifier::checkOps() {
  for (Operation &op : *module.getBody()) {
    if (isa<gpu::GPUModuleOp>(op))
      continue;
    if (!isa<LLVM::LLVMDialect>(op.getDialect())) {
      report(&op) << "'" << op.getName()
                  << "' is left; expected the LLVM dialect";
      continue;
    }
    auto function = dyn_cast<LLVM::LLVMFuncOp>(op);
    if (function && function.isExternal())
      checkDeclaration(function);
  }
}

bool EmitVerifier::decode() {
  auto global = module.lookupSymbol<LLVM::GlobalOp>("mptrt_program_manifest");
  auto bytes = global ? dyn_cast_or_null<StringAttr>(global.getValueOrNull())
                      : StringAttr();
  if (!bytes) {
    report(module) << "has no constant 'mptrt_program_manifest'";
    return false;
  }
  if (!abi::decodeManifest(bytes.data(), bytes.size(), manifest)) {
    report(global) << "manifest does not decode as version " << abi::version
                   << " of abi.def";
    return false;
  }
  auto size =
      module.lookupSymbol<LLVM::GlobalOp>("mptrt_program_manifest_size");
  auto value = size ? dyn_cast_or_null<IntegerAttr>(size.getValueOrNull())
                    : IntegerAttr();
  if (!value || value.getInt() != int64_t(bytes.size()))
    report(module) << "'mptrt_program_manifest_size' is not the "
                   << bytes.size() << " bytes of the manifest";
  return true;
}

/// The symbols that the table's initializer names, in order.
void EmitVerifier::checkTable(StringRef name, ArrayRef<std::string> entries) {
  auto table = module.lookupSymbol<LLVM::GlobalOp>(name);
  auto type = table ? dyn_cast<LLVM::LLVMArrayType>(table.getGlobalType())
                    : LLVM::LLVMArrayType();
  if (!type) {
    report(module) << "has no table '" << name << "'";
    return;
  }
  if (type.getNumElements() != entries.size())
    report(table) << "'" << name << "' has " << type.getNumElements()
                  << " entries, the manifest " << entries.size();
  // Of a GPU's kernels there is no function on the host.
  if (!module.getOps<gpu::GPUModuleOp>().empty() && name.ends_with("kernels"))
    return;
  SmallVector<StringRef> found;
  table.walk([&](LLVM::AddressOfOp address) {
    if (address.getGlobalName() != "mptrt_kernel_names")
      found.push_back(address.getGlobalName());
  });
  for (auto [i, entry] : llvm::enumerate(entries)) {
    if (i >= found.size() || found[i] != entry)
      report(table) << "entry " << i << " of '" << name << "' is "
                    << (i < found.size() ? found[i] : "missing")
                    << "; the manifest has '" << entry << "'";
    else if (!module.lookupSymbol<LLVM::LLVMFuncOp>(entry))
      report(table) << "'" << entry << "' of '" << name << "' is no function";
  }
}

void EmitVerifier::checkIndex(const Twine &what, int64_t index, size_t count,
                              int64_t from) {
  if (index < from || index >= int64_t(count))
    report(module) << "manifest: " << what << " is " << index << "; there are "
                   << count;
}

void EmitVerifier::checkPlace(const Twine &what, int64_t at, int64_t bytes,
                              const abi::Coordinate &where) {
  if (at < -1 || (at >= 0 && at + bytes > where.arenaBytes))
    report(module) << "manifest: " << what << " lies at [" << at << ", "
                   << at + bytes << ") of an arena of " << where.arenaBytes
                   << " bytes";
}

void EmitVerifier::checkAction(const abi::Action &action,
                               const abi::Coordinate &at, size_t pp) {
  std::string where = "action of coordinate " + std::to_string(pp);
  if (action.op == abi::ActionRun) {
    checkIndex("task of an " + where, action.task, manifest.tasks.size());
    if (action.index.size() < 2)
      report(module) << "manifest: index array of an " << where << " has "
                     << action.index.size()
                     << " entries; expected micro-batch, saved set and slots";
  } else {
    checkIndex("transfer of an " + where, action.transfer,
               manifest.transfers.size());
    if (llvm::none_of(at.transfers, [&](const abi::TransferPlace &place) {
          return place.transfer == action.transfer;
        }))
      report(module) << "manifest: transfer " << action.transfer << " of an "
                     << where << " has no place there";
  }
  checkIndex("micro-batch of an " + where, action.microbatch,
             manifest.microbatches, -1);
}

void EmitVerifier::checkCoordinate(const abi::Coordinate &at, size_t pp) {
  std::string of = " of coordinate " + std::to_string(pp);
  for (const abi::StatePlace &place : at.states) {
    checkIndex("state" + of, place.state, manifest.states.size());
    checkPlace("a state" + of, place.offset, place.bytes, at);
    checkPlace("a gradient" + of, place.grad, place.bytes, at);
  }
  for (const abi::InputPlace &place : at.inputs) {
    checkIndex("input" + of, place.input, manifest.inputs.size());
    checkPlace("an input" + of, place.offset,
               place.stride * manifest.microbatches, at);
  }
  for (const abi::OutputPlace &place : at.outputs) {
    checkIndex("output" + of, place.output, manifest.outputs.size());
    checkPlace("an output" + of, place.offset,
               place.stride * manifest.microbatches, at);
  }
  for (const abi::TransferPlace &place : at.transfers) {
    checkIndex("transfer" + of, place.transfer, manifest.transfers.size());
    checkIndex("kernel of a sum" + of, place.add, manifest.kernels.size(), -1);
    checkPlace("a send slot" + of, place.send, place.sendStride, at);
    checkPlace("a receive slot" + of, place.receive, place.receiveStride, at);
  }
  for (const abi::Metric &metric : at.metrics)
    checkPlace("a metric" + of, metric.offset, metric.count * 4, at);
  for (const abi::Range &range : at.zeroed)
    checkPlace("a zeroed range" + of, range.offset, range.bytes, at);
  for (const abi::Action &action : at.actions)
    checkAction(action, at, pp);
}

void EmitVerifier::checkManifest() {
  std::vector<std::string> tasks, kernels;
  for (const abi::Task &task : manifest.tasks) {
    tasks.push_back(task.name);
    for (const abi::Launch &row : task.launches)
      checkIndex("group of a call in '" + task.name + "'", row.group,
                 manifest.groups.size(), -1);
  }
  for (const abi::Kernel &kernel : manifest.kernels)
    kernels.push_back(kernel.name);
  checkTable("mptrt_program_tasks", tasks);
  checkTable("mptrt_program_kernels", kernels);
  for (const abi::Transfer &transfer : manifest.transfers)
    checkIndex("group of transfer '" + transfer.name + "'", transfer.group,
               manifest.groups.size(), -1);
  for (auto [pp, coordinate] : llvm::enumerate(manifest.coordinates))
    checkCoordinate(coordinate, pp);
}

/// Argument `operand` of the call is a constant below `count`.
void EmitVerifier::checkNumber(LLVM::CallOp call, unsigned operand,
                               StringRef what, size_t count) {
  auto constant =
      call.getArgOperands()[operand].getDefiningOp<LLVM::ConstantOp>();
  auto value =
      constant ? dyn_cast<IntegerAttr>(constant.getValue()) : IntegerAttr();
  if (!value)
    report(call) << what << " of '" << *call.getCallee() << "' is no constant";
  else if (value.getInt() < 0 || value.getInt() >= int64_t(count))
    report(call) << what << " " << value.getInt() << " of '"
                 << *call.getCallee() << "' does not exist; there are "
                 << count;
}

void EmitVerifier::checkCall(LLVM::CallOp call) {
  StringRef callee = call.getCallee().value_or("");
  if (callee == "mptrt_launch")
    checkNumber(call, 2, "kernel", manifest.kernels.size());
  else if (callee == "mptrt_all_reduce" || callee == "mptrt_all_gather" ||
           callee == "mptrt_reduce_scatter" || callee == "mptrt_all_to_all")
    checkNumber(call, 2, "group", manifest.groups.size());
  else if (callee == "mptrt_coordinate")
    checkNumber(call, 1, "axis", manifest.axes.size());
}

LogicalResult EmitVerifier::verify() {
  checkOps();
  if (!decode())
    return failure();
  checkManifest();
  module.walk([&](LLVM::CallOp call) { checkCall(call); });
  return success(ok);
}

void VerifyEmit::runOnOperation() {
  if (failed(EmitVerifier(getOperation()).verify()))
    signalPassFailure();
}
