// RUN: mpt-opt %s --mpt-emit | FileCheck %s
// A two-stage program after phase 9: buffers become addresses in the arena,
// calls follow abi.def and leave at the first status that is not zero.
module @tiny attributes {
    mpt.config = {model = "/models/tiny.onnx", mesh = {dp = 2 : i64, pp = 2 : i64}, microbatches = 2 : i64, schedule = "gpipe", optimizer = "sgd{}", target = "cpu", precision = "f32"},
    mpt.inputs = [{name = "x", type = tensor<16x8xf32, #mpt.s<[{"micro"=2,"dp"=2}, {}]>>},
                  {name = "y", type = tensor<16xi64, #mpt.s<[{"micro"=2,"dp"=2}]>>, label}],
    mpt.phase = "allocate"} {
  mpt.mesh <["pp"=2, "dp"=2], time ["micro"=2]>
  mpt.state @w : tensor<8x32xf32> {role = "parameter", trainable, decay, source = #mpt.slice<"tiny.onnx", 64, 1024, f32, perm = [1, 0]>}
  mpt.state @b : tensor<32xf32> {role = "parameter", trainable, source = #mpt.slice<"tiny.onnx", 1088, 128, f32>}
  mpt.state @step.lr : tensor<f32> {role = "counter"}
  mpt.transfer @h : memref<4x32xf32> -> memref<4x32xf32> {mode = "move", task = "F", from = 0 : i64, to = 1 : i64, over = ["pp"], bytes = 512 : i64}
  mpt.transfer @totals : memref<4xf32> -> memref<4xf32> {mode = "sum", task = "NORM", among = array<i64: 0, 1>, over = ["pp", "dp"], bytes = 16 : i64}
  mpt.schedule "gpipe" attributes {stages = 2 : i64, micro = 2 : i64, place = array<i64: 0, 1>} {
    mpt.actions attributes {pp = 0 : i64, peak = 8192 : i64} {
      mpt.run @s0_F {mb = 0 : i64, save = 0 : i64, slots = {h = 0 : i64}}
      mpt.send @h {mb = 0 : i64, slot = 0 : i64}
      mpt.run @s0_F {mb = 1 : i64, save = 1 : i64, slots = {h = 1 : i64}}
      mpt.send @h {mb = 1 : i64, slot = 1 : i64}
      mpt.run @s0_RS
      mpt.exchange @totals
    }
    mpt.actions attributes {pp = 1 : i64, peak = 8192 : i64} {
      mpt.recv @h {mb = 0 : i64, slot = 0 : i64}
      mpt.run @s1_F {mb = 0 : i64, save = 0 : i64}
      mpt.recv @h {mb = 1 : i64, slot = 1 : i64}
      mpt.run @s1_F {mb = 1 : i64, save = 1 : i64}
      mpt.exchange @totals
    }
  }
  mpt.arena @pp0 {bytes = 8192 : i64, align = 64 : i64, events = 2 : i64, places = [
    {kind = "state", name = "w", at = 0 : i64, bytes = 1024 : i64}, {kind = "grad", name = "w", at = 2048 : i64},
    {kind = "state", name = "b", at = 1024 : i64, bytes = 128 : i64}, {kind = "acc", name = "w", at = 2048 : i64, bytes = 1024 : i64},
    {kind = "input", name = "x", at = 4096 : i64, stride = 128 : i64},
    {kind = "send", name = "h", at = 5120 : i64, stride = 512 : i64},
    {kind = "sum", name = "totals", sources = [6144], targets = [6144], add = @add_4}]}
  mpt.arena @pp1 {bytes = 8192 : i64, align = 64 : i64, events = 0 : i64, places = [
    {kind = "recv", name = "h", at = 0 : i64, stride = 512 : i64}, {kind = "input", name = "y", at = 1024 : i64, stride = 64 : i64},
    {kind = "sum", name = "totals", sources = [6144], targets = [6144], add = @add_4}, {kind = "metric", name = "totals", at = 6144 : i64}]}

  // CHECK-LABEL: llvm.func @s0_F(
  // CHECK-SAME: %[[ctx:.*]]: !llvm.ptr, %[[arena:.*]]: !llvm.ptr, %[[index:.*]]: !llvm.ptr) -> i32
  // The slot of @h is entry 2 of the index array.
  // CHECK: %[[at:.*]] = llvm.getelementptr %[[index]][2] : (!llvm.ptr) -> !llvm.ptr, i64
  // CHECK: %[[slot:.*]] = llvm.load %[[at]] : !llvm.ptr -> i64
  // CHECK: %[[offset:.*]] = llvm.add
  // CHECK: %[[h:.*]] = llvm.getelementptr %[[arena]][%{{.*}}] : (!llvm.ptr, i64) -> !llvm.ptr, i8
  // CHECK: %[[s0:.*]] = llvm.call @mptrt_gemm(
  // CHECK: %[[zero:.*]] = llvm.mlir.constant(0 : i32)
  // CHECK: %[[bad:.*]] = llvm.icmp "ne" %[[s0]], %[[zero]] : i32
  // CHECK: llvm.cond_br %[[bad]], ^[[fail:.*]](%[[s0]] : i32), ^[[next:.*]]
  // CHECK: ^[[next]]:
  // CHECK: llvm.call @mptrt_launch(
  // CHECK: llvm.call @mptrt_record(
  // CHECK: llvm.call @mptrt_point(
  // CHECK: ^[[fail]](%[[status:.*]]: i32):
  // CHECK-NEXT: llvm.return %[[status]] : i32
  func.func @s0_F(%arena: memref<8192xi8>, %mb: index {mpt.index = "mb"}, %save: index {mpt.index = "save"}, %slot: index {mpt.slot = @h}) {
    %w = mpt.buffer %arena {at = 0 : i64} : memref<8192xi8> -> memref<8x32xf32>
    %b = mpt.buffer %arena {at = 1024 : i64} : memref<8192xi8> -> memref<32xf32>
    %x = mpt.buffer %arena[%mb] {at = 4096 : i64, stride = 128 : i64} : memref<8192xi8> -> memref<4x8xf32>
    %h = mpt.buffer %arena[%slot] {at = 5120 : i64, stride = 512 : i64} : memref<8192xi8> -> memref<4x32xf32>
    mpt.library "gemm"(%x, %w) into (%h) {lhs_contract = array<i64: 1>, rhs_contract = array<i64: 0>, stream = "compute", nodes = ["fc"]} : (memref<4x8xf32>, memref<8x32xf32>, memref<4x32xf32>) -> ()
    mpt.launch @bias_exp(%b) into (%h) {stream = "compute", nodes = ["fc", "act"]} : (memref<32xf32>, memref<4x32xf32>) -> ()
    mpt.record 1 on "compute"
    mpt.point 0
    return
  }
  // Rank scalars: index * block, clamped extents; collectives name a group.
  // CHECK-LABEL: llvm.func @s0_RS(
  // CHECK: llvm.call @mptrt_coordinate(
  // CHECK: llvm.intr.smax
  // CHECK: llvm.call @mptrt_all_reduce(
  func.func @s0_RS(%arena: memref<8192xi8>, %mb: index {mpt.index = "mb"}, %save: index {mpt.index = "save"}) {
    %g = mpt.buffer %arena {at = 2048 : i64} : memref<8192xi8> -> memref<8x32xf32>
    %h = mpt.buffer %arena {at = 5120 : i64} : memref<8192xi8> -> memref<4x32xf32>
    %o = mpt.buffer %arena {at = 6144 : i64} : memref<8192xi8> -> memref<4xf32>
    %lo = mpt.shard_offset {axes = ["dp"], size = 32 : i64} : tensor<i64>
    %n = tensor.extract %lo[] : tensor<i64>
    mpt.launch @pick(%h, %n) into (%o) : (memref<4x32xf32>, i64, memref<4xf32>) -> ()
    mpt.wait 1 on "comm"
    mpt.all_reduce sum %g over ["dp"] {bytes = 1024, nodes = ["fc"]} : memref<8x32xf32>
    return
  }
  // CHECK: llvm.func @s1_F(
  func.func @s1_F(%arena: memref<8192xi8>, %mb: index {mpt.index = "mb"}, %save: index {mpt.index = "save"}) {
    mpt.point 0
    return
  }

  // The kernels' words are pointers; the bodies are loops without calls.
  // CHECK-LABEL: llvm.func internal @bias_exp(
  // CHECK-SAME: mpt.kernel, mpt.space = array<i64: 4, 512>
  // CHECK: llvm.call @bias_exp.body
  func.func private @bias_exp(%b: tensor<32xf32>, %f: tensor<4x32xf32>) -> tensor<4x32xf32> attributes {mpt.kernel} {
    %r = linalg.generic {indexing_maps = [affine_map<(t, f) -> (f)>, affine_map<(t, f) -> (t, f)>], iterator_types = ["parallel", "parallel"]}
        ins(%b : tensor<32xf32>) outs(%f : tensor<4x32xf32>) {
    ^bb0(%y: f32, %x: f32):
      %a = arith.addf %x, %y : f32
      %e = math.exp %a : f32
      linalg.yield %e : f32
    } -> tensor<4x32xf32>
    return %r : tensor<4x32xf32>
  }
  // The kernel of a sum takes its destination first and is one row.
  // CHECK: llvm.func internal @add_4(%[[words:.*]]: !llvm.ptr,
  // CHECK-SAME: mpt.space = array<i64: 1, 1>
  // CHECK-NEXT: %[[second:.*]] = llvm.getelementptr %[[words]][1]
  // CHECK-NEXT: %[[operand:.*]] = llvm.load %[[second]]
  // CHECK-NEXT: %[[first:.*]] = llvm.getelementptr %[[words]][0]
  // CHECK-NEXT: %[[to:.*]] = llvm.load %[[first]]
  // CHECK-NEXT: llvm.call @add_4.body(%[[operand]], %[[to]],
  func.func private @pick(%x: tensor<4x32xf32>, %lo: i64, %o: tensor<4xf32>) -> tensor<4xf32> attributes {mpt.kernel} {
    %i = arith.index_cast %lo : i64 to index
    %r = linalg.generic {indexing_maps = [affine_map<(t) -> (t)>], iterator_types = ["parallel"]} outs(%o : tensor<4xf32>) {
    ^bb0(%u: f32):
      %t = linalg.index 0 : index
      %v = tensor.extract %x[%t, %i] : tensor<4x32xf32>
      linalg.yield %v : f32
    } -> tensor<4xf32>
    return %r : tensor<4xf32>
  }
  func.func private @add_4(%a: tensor<4xf32>, %to: tensor<4xf32>) -> tensor<4xf32> attributes {mpt.kernel} {
    %r = linalg.add ins(%a, %to : tensor<4xf32>, tensor<4xf32>) outs(%to : tensor<4xf32>) -> tensor<4xf32>
    return %r : tensor<4xf32>
  }
}
// CHECK: llvm.mlir.global external constant @mptrt_program_manifest("MPTMANIF
// CHECK: llvm.mlir.global external constant @mptrt_program_manifest_size(
// CHECK: llvm.mlir.global external constant @mptrt_program_tasks() {{.*}} : !llvm.array<3 x ptr>
// CHECK: llvm.mlir.addressof @s0_F
// CHECK: llvm.mlir.global external constant @mptrt_program_kernels() {{.*}} : !llvm.array<3 x struct<(ptr, ptr, i64)>>
// CHECK: llvm.mlir.addressof @bias_exp
// CHECK-NOT: mpt.state
