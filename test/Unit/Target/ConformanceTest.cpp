// SPDX-License-Identifier: Apache-2.0
// What holds for every target of the list, the dummy included.
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mpt/Driver/Phases.h"
#include "mpt/Driver/Register.h"
#include "mpt/Target/Target.h"
#include "llvm/Support/MathExtras.h"
#include "gtest/gtest.h"

using namespace mlir;
using namespace mlir::mpt;

namespace {

class Conformance : public ::testing::TestWithParam<const Target *> {
protected:
  Conformance() {
    DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
  }

  /// The test's program after phase 10 for a target; null if a pass failed.
  OwningOpRef<ModuleOp> emit(StringRef target) {
    auto module = parseSourceFile<ModuleOp>(
        MPT_TEST_DIR "/Target/lower-to-llvm.mlir", &context);
    if (!module)
      return module;
    setConfig(*module, "target", StringAttr::get(&context, target));
    PassManager pm(&context);
    addPhase(pm, getPhases().back());
    return succeeded(pm.run(*module)) ? std::move(module)
                                      : OwningOpRef<ModuleOp>();
  }

  /// Names of the functions called by the host program, in order.
  static std::vector<std::string> getCalls(ModuleOp module) {
    std::vector<std::string> calls;
    for (auto function : module.getOps<LLVM::LLVMFuncOp>())
      if (function.getName().starts_with("s"))
        function.walk([&](LLVM::CallOp call) {
          calls.push_back(call.getCallee()->str());
        });
    return calls;
  }

  static std::string print(ModuleOp module) {
    std::string text;
    llvm::raw_string_ostream os(text);
    module.print(os);
    return text;
  }

  MLIRContext context;
};

TEST_P(Conformance, StatesFacts) {
  TargetFacts facts = GetParam()->getFacts();
  EXPECT_FALSE(facts.name.empty());
  EXPECT_TRUE(llvm::isPowerOf2_64(uint64_t(facts.alignment)));
  EXPECT_GE(facts.workspaceBytes, 0);
  EXPECT_EQ(findTarget(facts.name), GetParam());
}

TEST_P(Conformance, EmitsAFormThatItsVerifierAccepts) {
  EXPECT_TRUE(emit(GetParam()->getFacts().name));
}

TEST_P(Conformance, HostProgramIsThatOfTheCpu) {
  auto module = emit(GetParam()->getFacts().name), cpu = emit("cpu");
  ASSERT_TRUE(module && cpu);
  EXPECT_EQ(getCalls(*module), getCalls(*cpu));
  EXPECT_FALSE(getCalls(*cpu).empty());
}

TEST_P(Conformance, EmitsTheSameTwice) {
  auto first = emit(GetParam()->getFacts().name);
  auto second = emit(GetParam()->getFacts().name);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(print(*first), print(*second));
}

INSTANTIATE_TEST_SUITE_P(Targets, Conformance,
                         ::testing::ValuesIn(getTargets().vec()),
                         [](const auto &info) {
                           return info.param->getFacts().name;
                         });

TEST(Targets, ListHasTheDummy) { EXPECT_TRUE(findTarget("dummy")); }

} // namespace
