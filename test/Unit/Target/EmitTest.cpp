// SPDX-License-Identifier: Apache-2.0
// Object code of a program after phase 9: equal modules give equal bytes, the
// symbols of abi.def are there, kernels compute what their bodies say.
#include "mpt/IR/Config.h"
#include "mpt/Target/Emit.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mpt/Driver/Phases.h"
#include "mpt/Driver/Register.h"
#include "mptrt/Manifest.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "gtest/gtest.h"
#include <cmath>
#include <dlfcn.h>

using namespace mlir;
using namespace mlir::mpt;

namespace {

/// One row of `mptrt_program_kernels`.
struct KernelRow {
  const char *name;
  void (*code)(void **words, int64_t begin, int64_t end);
  int64_t bytes;
};

std::string readFile(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  return buffer ? (*buffer)->getBuffer().str() : "";
}

class EmitTest : public ::testing::Test {
protected:
  void SetUp() override {
    DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    (void)llvm::sys::fs::createUniqueDirectory("mpt-emit-test", directory);
  }
  void TearDown() override {
    (void)llvm::sys::fs::remove_directories(directory);
  }

  OwningOpRef<ModuleOp> emit(StringRef file, StringRef target = "cpu") {
    auto module = parseSourceFile<ModuleOp>(
        (MPT_TEST_DIR "/Target/" + file).str(), &context);
    if (!module)
      return module;
    setConfig(*module, "target", StringAttr::get(&context, target));
    PassManager pm(&context);
    addPhase(pm, getPhases().back());
    EXPECT_TRUE(succeeded(pm.run(*module)));
    return module;
  }
  std::string path(StringRef name) { return (directory + "/" + name).str(); }

  /// The program as a shared object in this process.
  void *load(ModuleOp module) {
    EXPECT_TRUE(succeeded(emitObject(module, path("p.o"))));
    auto linker = llvm::sys::findProgramByName("clang++-22");
    if (!linker)
      linker = llvm::sys::findProgramByName("c++");
    std::string object = path("p.o"), library = path("p.so");
    EXPECT_EQ(0, llvm::sys::ExecuteAndWait(*linker, {*linker, "-shared", "-o",
                                                     library, object, "-lm"}));
    void *handle = dlopen(library.c_str(), RTLD_LAZY);
    EXPECT_TRUE(handle) << dlerror();
    return handle;
  }

  MLIRContext context;
  SmallString<128> directory;
};

TEST_F(EmitTest, EqualModulesGiveEqualBytes) {
  auto first = emit("lower-to-llvm.mlir"), second = emit("lower-to-llvm.mlir");
  ASSERT_TRUE(first && second);
  ASSERT_TRUE(succeeded(emitObject(*first, path("a.o"))));
  ASSERT_TRUE(succeeded(emitObject(*second, path("b.o"))));
  EXPECT_GT(readFile(path("a.o")).size(), 1000u);
  EXPECT_EQ(readFile(path("a.o")), readFile(path("b.o")));
}

TEST_F(EmitTest, RefusesAnObjectForATargetWithoutRuntime) {
  auto module = emit("lower-to-llvm.mlir", "cuda");
  ASSERT_TRUE(module);
  std::string text;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    text = diagnostic.str();
    return success();
  });
  EXPECT_TRUE(failed(emitObject(*module, path("a.o"))));
  EXPECT_EQ(text, "target 'cuda' makes no executable yet; use --emit=ptx or "
                  "--emit=cubin");
}

TEST_F(EmitTest, ManifestSaysWhatTheModuleSaid) {
  auto module = emit("lower-to-llvm.mlir");
  ASSERT_TRUE(module);
  void *program = load(*module);
  ASSERT_TRUE(program);
  auto *bytes = dlsym(program, "mptrt_program_manifest");
  auto *size =
      static_cast<int64_t *>(dlsym(program, "mptrt_program_manifest_size"));
  ASSERT_TRUE(bytes && size);
  mptrt::abi::Manifest m;
  ASSERT_TRUE(mptrt::abi::decodeManifest(bytes, size_t(*size), m));
  EXPECT_EQ(m.name, "tiny");
  EXPECT_EQ(m.directory, "/models");
  EXPECT_EQ(m.batch, 16);
  EXPECT_EQ(m.microbatches, 2);
  ASSERT_EQ(m.axes.size(), 2u);
  EXPECT_EQ(m.axes[0].name, "pp");
  ASSERT_EQ(m.inputs.size(), 2u);
  EXPECT_EQ(m.inputs[0].cuts[0].axes,
            (std::vector<std::string>{"micro", "dp"}));
  EXPECT_EQ(m.inputs[1].label, 1);
  ASSERT_EQ(m.states.size(), 3u);
  EXPECT_EQ(m.states[0].source.perm, (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(m.states[0].source.fileShape, (std::vector<int64_t>{32, 8}));
  EXPECT_EQ(m.states[0].stages, (std::vector<int64_t>{0}));
  EXPECT_EQ(m.totals, (std::vector<std::string>{"loss", "stop", "w", "b"}));
  // The move over pp, the sum over pp and dp, the bucket over dp.
  ASSERT_EQ(m.groups.size(), 3u);
  EXPECT_EQ(m.transfers[0].group, 0);
  EXPECT_EQ(m.groups[1].axes, (std::vector<std::string>{"pp", "dp"}));
  ASSERT_EQ(m.tasks.size(), 3u);
  EXPECT_EQ(m.tasks[1].kind, "RS");
  EXPECT_EQ(m.tasks[1].launches[1].what, "all_reduce");
  EXPECT_EQ(m.tasks[1].launches[1].group, 2);
  ASSERT_EQ(m.coordinates.size(), 2u);
  EXPECT_EQ(m.coordinates[0].states[0].grad, 2048);
  EXPECT_EQ(m.coordinates[0].actions[2].index, (std::vector<int64_t>{1, 1, 1}));
  EXPECT_EQ(m.coordinates[1].metrics[0].count, 4);
  EXPECT_EQ(m.kernels[size_t(m.coordinates[0].transfers[1].add)].name, "add_4");
  dlclose(program);
}

TEST_F(EmitTest, KernelsCompute) {
  auto module = emit("lower-to-llvm.mlir");
  ASSERT_TRUE(module);
  void *program = load(*module);
  ASSERT_TRUE(program);
  auto *kernels =
      static_cast<KernelRow *>(dlsym(program, "mptrt_program_kernels"));
  ASSERT_TRUE(kernels);
  float b[32], f[4][32], o[4] = {};
  for (int i = 0; i < 32; ++i)
    b[i] = 0.01f * float(i);
  for (int i = 0; i < 128; ++i)
    f[i / 32][i % 32] = 0.02f * float(i) - 1.0f;
  float expected[4][32];
  for (int i = 0; i < 128; ++i)
    expected[i / 32][i % 32] = std::exp(f[i / 32][i % 32] + b[i % 32]);
  EXPECT_STREQ(kernels[0].name, "bias_exp");
  void *words[] = {b, f};
  kernels[0].code(words, 0, 1); // by ranges of rows
  kernels[0].code(words, 1, 4);
  for (int i = 0; i < 128; ++i)
    EXPECT_NEAR(f[i / 32][i % 32], expected[i / 32][i % 32],
                3e-7f * expected[i / 32][i % 32]);
  // A scalar word.
  void *pick[] = {f, reinterpret_cast<void *>(intptr_t(5)), o};
  kernels[1].code(pick, 0, 4);
  EXPECT_EQ(o[3], f[3][5]);
  // The kernel of a sum: destination first, one row.
  float sum[4] = {1, 2, 3, 4}, operand[4] = {10, 20, 30, 40};
  void *add[] = {sum, operand};
  kernels[2].code(add, 0, 1);
  EXPECT_EQ(sum[3], 44.0f);
  EXPECT_EQ(operand[3], 40.0f);
  dlclose(program);
}

} // namespace
