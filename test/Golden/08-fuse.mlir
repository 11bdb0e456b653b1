// RUN: mpt-opt %s --verify-roundtrip -o /dev/null
#map = affine_map<(d0) -> (d0)>
#map1 = affine_map<(d0) -> ()>
#map2 = affine_map<() -> ()>
#map3 = affine_map<(d0, d1) -> (d0)>
#map4 = affine_map<(d0, d1) -> (d0, d1)>
#map5 = affine_map<(d0, d1) -> (d1)>
#map6 = affine_map<(d0) -> (d0 + 2)>
module @mlp attributes {mpt.config = {clip = 1.000000e+00 : f64, loss = "cross_entropy(logits,labels){ignore_index=-100}", mesh = {dp = 2 : i64, pp = 2 : i64, tp = 2 : i64}, microbatches = 2 : i64, model = "/models/mlp.onnx", optimizer = "adamw{betas=[0.9,0.95],eps=1e-8,weight_decay=0.1}", precision = "f32", schedule = "1f1b", target = "cpu"}, mpt.inputs = [{name = "tokens", type = tensor<8x16xi64, #mpt.s<[{"micro"=2,"dp"=2}, {}]>>}, {label, name = "labels", type = tensor<8x16xi64, #mpt.s<[{"micro"=2,"dp"=2}, {}]>>}], mpt.phase = "fuse"} {
  mpt.mesh <["pp"=2, "dp"=2, "tp"=2], time ["micro"=2]>
  mpt.schedule_header "1f1b" {micro = 2 : i64, place = array<i64: 0, 1>, stages = 2 : i64, tasks = "F B"}
  mpt.state @wte : tensor<64x32xf32> {role = "parameter", source = #mpt.slice<"mlp.onnx.data", 0, 8192, f32>, storage = #mpt.storage<f32, <[{"tp"=2}, {}]>>, trainable}
  mpt.state @blocks.0.norm.weight : tensor<32xf32> {role = "parameter", source = #mpt.slice<"mlp.onnx.data", 8192, 128, f32>, storage = #mpt.storage<f32, <[{}]>>, trainable}
  mpt.state @blocks.0.norm.bias : tensor<32xf32> {role = "parameter", source = #mpt.slice<"mlp.onnx.data", 8320, 128, f32>, storage = #mpt.storage<f32, <[{}]>>, trainable}
  mpt.state @blocks.0.fc.weight : tensor<32x128xf32> {role = "parameter", source = #mpt.slice<"mlp.onnx.data", 8448, 16384, f32>, storage = #mpt.storage<f32, <[{}, {"tp"=2}]>>, trainable}
  mpt.state @blocks.0.fc.bias : tensor<128xf32> {role = "parameter", source = #mpt.slice<"mlp.onnx.data", 24832, 512, f32>, storage = #mpt.storage<f32, <[{"tp"=2}]>>, trainable}
  mpt.state @blocks.0.proj.weight : tensor<128x32xf32> {role = "parameter", source = #mpt.slice<"mlp.onnx.data", 25344, 16384, f32>, storage = #mpt.storage<f32, <[{"tp"=2}, {}]>>, trainable}
  mpt.state @blocks.0.proj.bias : tensor<32xf32> {role = "parameter", source = #mpt.slice<"mlp.onnx.data", 41728, 128, f32>, storage = #mpt.storage<f32, <[{}]>>, trainable}
  mpt.state @blocks.1.norm.weight : tensor<32xf32> {role = "parameter", source = #mpt.slice<"mlp.onnx.data", 41856, 128, f32>, storage = #mpt.storage<f32, <[{}]>>, trainable}
  mpt.state @blocks.1.norm.bias : tensor<32xf32> {role = "parameter", source = #mpt.slice<"mlp.onnx.data", 41984, 128, f32>, storage = #mpt.storage<f32, <[{}]>>, trainable}
  mpt.state @blocks.1.fc.weight : tensor<32x128xf32> {role = "parameter", source = #mpt.slice<"mlp.onnx.data", 42112, 16384, f32>, storage = #mpt.storage<f32, <[{}, {"tp"=2}]>>, trainable}
  mpt.state @blocks.1.fc.bias : tensor<128xf32> {role = "parameter", source = #mpt.slice<"mlp.onnx.data", 58496, 512, f32>, storage = #mpt.storage<f32, <[{"tp"=2}]>>, trainable}
  mpt.state @blocks.1.proj.weight : tensor<128x32xf32> {role = "parameter", source = #mpt.slice<"mlp.onnx.data", 59008, 16384, f32>, storage = #mpt.storage<f32, <[{"tp"=2}, {}]>>, trainable}
  mpt.state @blocks.1.proj.bias : tensor<32xf32> {role = "parameter", source = #mpt.slice<"mlp.onnx.data", 75392, 128, f32>, storage = #mpt.storage<f32, <[{}]>>, trainable}
  mpt.state @wte.exp_avg : tensor<64x32xf32> {of = @wte, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.0.norm.weight.exp_avg : tensor<32xf32> {of = @blocks.0.norm.weight, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.0.norm.bias.exp_avg : tensor<32xf32> {of = @blocks.0.norm.bias, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.0.fc.weight.exp_avg : tensor<32x128xf32> {of = @blocks.0.fc.weight, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.0.fc.bias.exp_avg : tensor<128xf32> {of = @blocks.0.fc.bias, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.0.proj.weight.exp_avg : tensor<128x32xf32> {of = @blocks.0.proj.weight, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.0.proj.bias.exp_avg : tensor<32xf32> {of = @blocks.0.proj.bias, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.1.norm.weight.exp_avg : tensor<32xf32> {of = @blocks.1.norm.weight, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.1.norm.bias.exp_avg : tensor<32xf32> {of = @blocks.1.norm.bias, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.1.fc.weight.exp_avg : tensor<32x128xf32> {of = @blocks.1.fc.weight, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.1.fc.bias.exp_avg : tensor<128xf32> {of = @blocks.1.fc.bias, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.1.proj.weight.exp_avg : tensor<128x32xf32> {of = @blocks.1.proj.weight, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.1.proj.bias.exp_avg : tensor<32xf32> {of = @blocks.1.proj.bias, role = "optimizer", source = #mpt.zero}
  mpt.state @wte.exp_avg_sq : tensor<64x32xf32> {of = @wte, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.0.norm.weight.exp_avg_sq : tensor<32xf32> {of = @blocks.0.norm.weight, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.0.norm.bias.exp_avg_sq : tensor<32xf32> {of = @blocks.0.norm.bias, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.0.fc.weight.exp_avg_sq : tensor<32x128xf32> {of = @blocks.0.fc.weight, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.0.fc.bias.exp_avg_sq : tensor<128xf32> {of = @blocks.0.fc.bias, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.0.proj.weight.exp_avg_sq : tensor<128x32xf32> {of = @blocks.0.proj.weight, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.0.proj.bias.exp_avg_sq : tensor<32xf32> {of = @blocks.0.proj.bias, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.1.norm.weight.exp_avg_sq : tensor<32xf32> {of = @blocks.1.norm.weight, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.1.norm.bias.exp_avg_sq : tensor<32xf32> {of = @blocks.1.norm.bias, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.1.fc.weight.exp_avg_sq : tensor<32x128xf32> {of = @blocks.1.fc.weight, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.1.fc.bias.exp_avg_sq : tensor<128xf32> {of = @blocks.1.fc.bias, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.1.proj.weight.exp_avg_sq : tensor<128x32xf32> {of = @blocks.1.proj.weight, role = "optimizer", source = #mpt.zero}
  mpt.state @blocks.1.proj.bias.exp_avg_sq : tensor<32xf32> {of = @blocks.1.proj.bias, role = "optimizer", source = #mpt.zero}
  mpt.state @step.lr : tensor<f32> {role = "counter"}
  mpt.state @step.count : tensor<i64> {role = "counter"}
  mpt.state @step.stop : tensor<f32> {role = "counter", storage = #mpt.storage<f32, <[], partial = [sum{"dp"=2,"tp"=2}]>>}
  mpt.replicas @wte {among = array<i64: 0, 1>, count = 0 : i64}
  mpt.transfer @h1 : tensor<2x16x32xf32> -> tensor<2x16x32xf32> {bytes = 4096 : i64, from = 0 : i64, mode = "move", over = ["pp"], task = "F", to = 1 : i64}
  mpt.transfer @dh1 : tensor<2x16x32xf32> -> tensor<2x16x32xf32> {bytes = 4096 : i64, from = 1 : i64, mode = "move", over = ["pp"], task = "B", to = 0 : i64}
  mpt.transfer @wte.tie : tensor<32x32xf32> -> tensor<32x32xf32> {among = array<i64: 0, 1>, bytes = 4096 : i64, mode = "sum", of = @wte, over = ["pp"], task = "acc"}
  mpt.transfer @totals : tensor<15xf32> -> tensor<15xf32> {among = array<i64: 0, 1>, bytes = 60 : i64, mode = "sum", over = ["pp", "dp", "tp"], task = "NORM"}
  func.func @s1_WGT(%arg0: tensor<4x16xi64> {mpt.inputs = "labels"}) -> (tensor<f32> {mpt.once = "v23"}) {
    %0 = tensor.empty() : tensor<f32>
    %1 = mpt.launch @label_weight_64(%arg0) into(%0) : (tensor<4x16xi64>, tensor<f32>) -> tensor<f32>
    %2 = mpt.all_reduce sum %1 over ["dp"] {bytes = 4} : tensor<f32>
    %3 = tensor.empty() : tensor<f32>
    %4 = mpt.launch @div(%2) into(%3) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    return %4 : tensor<f32>
  }
  func.func @s0_F(%arg0: tensor<32x32xf32> {mpt.state = @wte}, %arg1: tensor<32xf32> {mpt.state = @blocks.0.norm.weight}, %arg2: tensor<32xf32> {mpt.state = @blocks.0.norm.bias}, %arg3: tensor<32x64xf32> {mpt.state = @blocks.0.fc.weight}, %arg4: tensor<64xf32> {mpt.state = @blocks.0.fc.bias}, %arg5: tensor<64x32xf32> {mpt.state = @blocks.0.proj.weight}, %arg6: tensor<32xf32> {mpt.state = @blocks.0.proj.bias}, %arg7: tensor<2x16xi64> {mpt.input = "tokens"}) -> (tensor<2x16x32xf32> {mpt.send = @h1}, tensor<2x16x32xf32> {mpt.save = "v0.full"}, tensor<2x16x32xf32> {mpt.save = "v1"}, tensor<2x16xf32> {mpt.save = "v1.1"}, tensor<2x16xf32> {mpt.save = "v1.2"}, tensor<2x16x64xf32> {mpt.save = "v4"}) {
    %0 = mpt.shard_offset {axes = ["tp"], id = 0, size = 64, stage = 0} : tensor<i64>
    %extracted = tensor.extract %0[] : tensor<i64>
    %1 = tensor.empty() : tensor<2x16x32xf32>
    %2 = mpt.launch @take_1x32x32(%arg0, %arg7, %extracted) into(%1) : (tensor<32x32xf32>, tensor<2x16xi64>, i64, tensor<2x16x32xf32>) -> tensor<2x16x32xf32>
    %3 = mpt.all_reduce sum %2 over ["tp"] {bytes = 4096, stage = 0} : tensor<2x16x32xf32>
    mpt.point 0
    %4 = tensor.empty() : tensor<2x16x32xf32>
    %5 = tensor.empty() : tensor<2x16xf32>
    %6 = tensor.empty() : tensor<2x16xf32>
    %7:3 = mpt.launch @layer_norm_32x32(%3, %arg1, %arg2) into(%4, %5, %6) : (tensor<2x16x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x16xf32>) -> (tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x16xf32>)
    %8 = tensor.empty() : tensor<2x16x64xf32>
    %9 = mpt.library "gemm"(%7#0, %arg3) into(%8) {lhs_contract = array<i64: 2>, rhs_contract = array<i64: 0>} : (tensor<2x16x32xf32>, tensor<32x64xf32>, tensor<2x16x64xf32>) -> tensor<2x16x64xf32>
    %10 = tensor.empty() : tensor<2x16x64xf32>
    %11 = mpt.launch @add_32x64(%9, %arg4) into(%10) : (tensor<2x16x64xf32>, tensor<64xf32>, tensor<2x16x64xf32>) -> tensor<2x16x64xf32>
    %12 = tensor.empty() : tensor<2x16x64xf32>
    %13 = mpt.launch @gelu_32x64(%11) into(%12) : (tensor<2x16x64xf32>, tensor<2x16x64xf32>) -> tensor<2x16x64xf32>
    %14 = tensor.empty() : tensor<2x16x32xf32>
    %15 = mpt.library "gemm"(%13, %arg5) into(%14) {lhs_contract = array<i64: 2>, rhs_contract = array<i64: 0>} : (tensor<2x16x64xf32>, tensor<64x32xf32>, tensor<2x16x32xf32>) -> tensor<2x16x32xf32>
    %16 = mpt.all_reduce sum %15 over ["tp"] {bytes = 4096, stage = 0} : tensor<2x16x32xf32>
    mpt.point 1
    %17 = tensor.empty() : tensor<2x16x32xf32>
    %18 = mpt.launch @fused_add_32x32(%3, %16, %arg6) into(%17) : (tensor<2x16x32xf32>, tensor<2x16x32xf32>, tensor<32xf32>, tensor<2x16x32xf32>) -> tensor<2x16x32xf32>
    return %18, %3, %7#0, %7#1, %7#2, %11 : tensor<2x16x32xf32>, tensor<2x16x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16x64xf32>
  }
  func.func @s1_F(%arg0: tensor<32x32xf32> {mpt.state = @wte}, %arg1: tensor<32xf32> {mpt.state = @blocks.1.norm.weight}, %arg2: tensor<32xf32> {mpt.state = @blocks.1.norm.bias}, %arg3: tensor<32x64xf32> {mpt.state = @blocks.1.fc.weight}, %arg4: tensor<64xf32> {mpt.state = @blocks.1.fc.bias}, %arg5: tensor<64x32xf32> {mpt.state = @blocks.1.proj.weight}, %arg6: tensor<32xf32> {mpt.state = @blocks.1.proj.bias}, %arg7: tensor<2x16x32xf32> {mpt.recv = @h1}, %arg8: tensor<2x16xi64> {mpt.input = "labels"}, %arg9: tensor<f32> {mpt.acc = "loss"}) -> (tensor<f32> {mpt.acc = "loss"}, tensor<2x16x32xf32> {mpt.save = "h1"}, tensor<2x16x32xf32> {mpt.save = "v10"}, tensor<2x16xf32> {mpt.save = "v10.1"}, tensor<2x16xf32> {mpt.save = "v10.2"}, tensor<2x16x64xf32> {mpt.save = "v13"}, tensor<2x16x32xf32> {mpt.save = "v18"}, tensor<2x16x32xf32> {mpt.save = "v19"}, tensor<2x16xf32> {mpt.save = "v20.1"}) {
    %0 = tensor.empty() : tensor<2x16x32xf32>
    %1 = tensor.empty() : tensor<2x16xf32>
    %2 = tensor.empty() : tensor<2x16xf32>
    %3:3 = mpt.launch @layer_norm_32x32(%arg7, %arg1, %arg2) into(%0, %1, %2) : (tensor<2x16x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x16xf32>) -> (tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x16xf32>)
    %4 = tensor.empty() : tensor<2x16x64xf32>
    %5 = mpt.library "gemm"(%3#0, %arg3) into(%4) {lhs_contract = array<i64: 2>, rhs_contract = array<i64: 0>} : (tensor<2x16x32xf32>, tensor<32x64xf32>, tensor<2x16x64xf32>) -> tensor<2x16x64xf32>
    %6 = tensor.empty() : tensor<2x16x64xf32>
    %7 = mpt.launch @add_32x64(%5, %arg4) into(%6) : (tensor<2x16x64xf32>, tensor<64xf32>, tensor<2x16x64xf32>) -> tensor<2x16x64xf32>
    %8 = tensor.empty() : tensor<2x16x64xf32>
    %9 = mpt.launch @gelu_32x64(%7) into(%8) : (tensor<2x16x64xf32>, tensor<2x16x64xf32>) -> tensor<2x16x64xf32>
    %10 = tensor.empty() : tensor<2x16x32xf32>
    %11 = mpt.library "gemm"(%9, %arg5) into(%10) {lhs_contract = array<i64: 2>, rhs_contract = array<i64: 0>} : (tensor<2x16x64xf32>, tensor<64x32xf32>, tensor<2x16x32xf32>) -> tensor<2x16x32xf32>
    %12 = mpt.all_reduce sum %11 over ["tp"] {bytes = 4096, stage = 1} : tensor<2x16x32xf32>
    mpt.point 0
    %13 = tensor.empty() : tensor<2x16x32xf32>
    %14 = mpt.launch @fused_add_32x32(%arg7, %12, %arg6) into(%13) : (tensor<2x16x32xf32>, tensor<2x16x32xf32>, tensor<32xf32>, tensor<2x16x32xf32>) -> tensor<2x16x32xf32>
    %15 = tensor.empty() : tensor<2x16x32xf32>
    %16 = mpt.library "gemm"(%14, %arg0) into(%15) {lhs_contract = array<i64: 2>, rhs_contract = array<i64: 1>} : (tensor<2x16x32xf32>, tensor<32x32xf32>, tensor<2x16x32xf32>) -> tensor<2x16x32xf32>
    %17 = mpt.shard_offset {axes = ["tp"], id = 20, size = 64, stage = 1} : tensor<i64>
    %extracted = tensor.extract %17[] : tensor<i64>
    %18 = tensor.empty() : tensor<2x16xf32>
    %19 = tensor.empty() : tensor<2x16xf32>
    %20 = tensor.empty() : tensor<2x16xf32>
    %21:3 = mpt.launch @cross_entropy_local_32x32(%16, %arg8, %extracted) into(%18, %19, %20) : (tensor<2x16x32xf32>, tensor<2x16xi64>, i64, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>) -> (tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>)
    %22 = tensor.empty() : tensor<2x16xf32>
    %23 = mpt.launch @copy_2x16(%21#0) into(%22) : (tensor<2x16xf32>, tensor<2x16xf32>) -> tensor<2x16xf32>
    %24 = mpt.all_reduce max %23 over ["tp"] {bytes = 128, id = 20, stage = 1} : tensor<2x16xf32>
    mpt.point 1
    %25 = tensor.empty() : tensor<2x16xf32>
    %26 = mpt.launch @fused_mul_2x16(%21#1, %21#0, %24) into(%25) : (tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>) -> tensor<2x16xf32>
    %27 = mpt.all_reduce sum %26 over ["tp"] {bytes = 128, id = 20, stage = 1} : tensor<2x16xf32>
    mpt.point 2
    %28 = tensor.empty() : tensor<2x16xf32>
    %29 = mpt.launch @fused_add_2x16(%24, %27) into(%28) : (tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>) -> tensor<2x16xf32>
    %30 = mpt.shard_offset {axes = ["tp"], size = 2} : tensor<i64>
    %extracted_0 = tensor.extract %30[] : tensor<i64>
    %31 = tensor.empty() : tensor<2x16xf32>
    %32 = mpt.launch @mask_replicas_2x16(%29, %extracted_0) into(%31) : (tensor<2x16xf32>, i64, tensor<2x16xf32>) -> tensor<2x16xf32>
    %33 = tensor.empty() : tensor<f32>
    %34 = mpt.launch @cross_entropy_finish_32(%32, %21#2, %arg8) into(%33) : (tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xi64>, tensor<f32>) -> tensor<f32>
    %35 = mpt.launch @accumulate(%34) into(%arg9) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    mpt.point 3
    return %35, %arg7, %3#0, %3#1, %3#2, %7, %14, %16, %29 : tensor<f32>, tensor<2x16x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16x64xf32>, tensor<2x16x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>
  }
  func.func @s1_B(%arg0: tensor<32x32xf32> {mpt.state = @wte}, %arg1: tensor<32xf32> {mpt.state = @blocks.1.norm.weight}, %arg2: tensor<32x64xf32> {mpt.state = @blocks.1.fc.weight}, %arg3: tensor<64x32xf32> {mpt.state = @blocks.1.proj.weight}, %arg4: tensor<2x16x32xf32> {mpt.save = "h1"}, %arg5: tensor<2x16x32xf32> {mpt.save = "v10"}, %arg6: tensor<2x16xf32> {mpt.save = "v10.1"}, %arg7: tensor<2x16xf32> {mpt.save = "v10.2"}, %arg8: tensor<2x16x64xf32> {mpt.save = "v13"}, %arg9: tensor<2x16x32xf32> {mpt.save = "v18"}, %arg10: tensor<2x16x32xf32> {mpt.save = "v19"}, %arg11: tensor<2x16xf32> {mpt.save = "v20.1"}, %arg12: tensor<2x16xi64> {mpt.input = "labels"}, %arg13: tensor<f32> {mpt.once = "v23"}, %arg14: tensor<32x32xf32> {mpt.acc = @wte}, %arg15: tensor<32xf32> {mpt.acc = @blocks.1.norm.weight}, %arg16: tensor<32xf32> {mpt.acc = @blocks.1.norm.bias}, %arg17: tensor<32x64xf32> {mpt.acc = @blocks.1.fc.weight}, %arg18: tensor<64xf32> {mpt.acc = @blocks.1.fc.bias}, %arg19: tensor<64x32xf32> {mpt.acc = @blocks.1.proj.weight}, %arg20: tensor<32xf32> {mpt.acc = @blocks.1.proj.bias}) -> (tensor<2x16x32xf32> {mpt.send = @dh1}, tensor<32x32xf32> {mpt.acc = @wte}, tensor<32xf32> {mpt.acc = @blocks.1.norm.weight}, tensor<32xf32> {mpt.acc = @blocks.1.norm.bias}, tensor<32x64xf32> {mpt.acc = @blocks.1.fc.weight}, tensor<64xf32> {mpt.acc = @blocks.1.fc.bias}, tensor<64x32xf32> {mpt.acc = @blocks.1.proj.weight}, tensor<32xf32> {mpt.acc = @blocks.1.proj.bias}) {
    %0 = mpt.shard_offset {adjoint_of = 20, axes = ["tp"], id = 25, size = 64} : tensor<i64>
    %extracted = tensor.extract %0[] : tensor<i64>
    %1 = tensor.empty() : tensor<2x16x32xf32>
    %2 = mpt.launch @cross_entropy_grad_32x32(%arg10, %arg12, %arg11, %arg13, %extracted) into(%1) : (tensor<2x16x32xf32>, tensor<2x16xi64>, tensor<2x16xf32>, tensor<f32>, i64, tensor<2x16x32xf32>) -> tensor<2x16x32xf32>
    %3 = tensor.empty() : tensor<2x16x32xf32>
    %4 = mpt.library "gemm"(%2, %arg0) into(%3) {lhs_contract = array<i64: 2>, rhs_contract = array<i64: 0>} : (tensor<2x16x32xf32>, tensor<32x32xf32>, tensor<2x16x32xf32>) -> tensor<2x16x32xf32>
    %5 = mpt.all_reduce sum %4 over ["tp"] {adjoint_of = 19, bytes = 4096} : tensor<2x16x32xf32>
    mpt.point 0
    %6 = mpt.library "gemm"(%2, %arg9) into(%arg14) {accumulate, lhs_contract = array<i64: 0, 1>, rhs_contract = array<i64: 0, 1>} : (tensor<2x16x32xf32>, tensor<2x16x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
    mpt.point 1
    %7 = tensor.empty() : tensor<32xf32>
    %8 = mpt.launch @reduce_sum_32x32(%5) into(%7) : (tensor<2x16x32xf32>, tensor<32xf32>) -> tensor<32xf32>
    %9 = mpt.launch @accumulate_32(%8) into(%arg20) : (tensor<32xf32>, tensor<32xf32>) -> tensor<32xf32>
    mpt.point 2
    %10 = tensor.empty() : tensor<2x16x64xf32>
    %11 = mpt.library "gemm"(%5, %arg3) into(%10) {lhs_contract = array<i64: 2>, rhs_contract = array<i64: 1>} : (tensor<2x16x32xf32>, tensor<64x32xf32>, tensor<2x16x64xf32>) -> tensor<2x16x64xf32>
    %12 = tensor.empty() : tensor<2x16x64xf32>
    %13 = mpt.launch @gelu_32x64(%arg8) into(%12) : (tensor<2x16x64xf32>, tensor<2x16x64xf32>) -> tensor<2x16x64xf32>
    %14 = mpt.library "gemm"(%13, %5) into(%arg19) {accumulate, lhs_contract = array<i64: 0, 1>, rhs_contract = array<i64: 0, 1>} : (tensor<2x16x64xf32>, tensor<2x16x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    mpt.point 3
    %15 = tensor.empty() : tensor<2x16x64xf32>
    %16 = mpt.launch @gelu_grad_32x64(%arg8, %11) into(%15) : (tensor<2x16x64xf32>, tensor<2x16x64xf32>, tensor<2x16x64xf32>) -> tensor<2x16x64xf32>
    %17 = tensor.empty() : tensor<64xf32>
    %18 = mpt.launch @reduce_sum_32x64(%16) into(%17) : (tensor<2x16x64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %19 = mpt.launch @accumulate_64(%18) into(%arg18) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    mpt.point 4
    %20 = tensor.empty() : tensor<2x16x32xf32>
    %21 = mpt.library "gemm"(%16, %arg2) into(%20) {lhs_contract = array<i64: 2>, rhs_contract = array<i64: 1>} : (tensor<2x16x64xf32>, tensor<32x64xf32>, tensor<2x16x32xf32>) -> tensor<2x16x32xf32>
    %22 = mpt.all_reduce sum %21 over ["tp"] {adjoint_of = 11, bytes = 4096} : tensor<2x16x32xf32>
    mpt.point 5
    %23 = mpt.library "gemm"(%arg5, %16) into(%arg17) {accumulate, lhs_contract = array<i64: 0, 1>, rhs_contract = array<i64: 0, 1>} : (tensor<2x16x32xf32>, tensor<2x16x64xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
    mpt.point 6
    %24 = tensor.empty() : tensor<2x16x32xf32>
    %25 = tensor.empty() : tensor<32xf32>
    %26 = tensor.empty() : tensor<32xf32>
    %27:3 = mpt.launch @layer_norm_grad_input_32x32(%arg4, %arg6, %arg7, %arg1, %22) into(%24, %25, %26) : (tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<32xf32>, tensor<2x16x32xf32>, tensor<2x16x32xf32>, tensor<32xf32>, tensor<32xf32>) -> (tensor<2x16x32xf32>, tensor<32xf32>, tensor<32xf32>)
    %28 = tensor.empty() : tensor<32xf32>
    %29 = tensor.empty() : tensor<32xf32>
    %30:2 = mpt.launch @layer_norm_grad_scale_32x32(%arg4, %arg6, %arg7, %22) into(%28, %29) : (tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16x32xf32>, tensor<32xf32>, tensor<32xf32>) -> (tensor<32xf32>, tensor<32xf32>)
    %31 = mpt.launch @accumulate_32(%30#0) into(%arg15) : (tensor<32xf32>, tensor<32xf32>) -> tensor<32xf32>
    mpt.point 7
    %32 = mpt.launch @accumulate_32(%30#1) into(%arg16) : (tensor<32xf32>, tensor<32xf32>) -> tensor<32xf32>
    mpt.point 8
    %33 = tensor.empty() : tensor<2x16x32xf32>
    %34 = mpt.launch @sum_32x32(%5, %27#0) into(%33) : (tensor<2x16x32xf32>, tensor<2x16x32xf32>, tensor<2x16x32xf32>) -> tensor<2x16x32xf32>
    return %34, %6, %31, %32, %23, %19, %14, %9 : tensor<2x16x32xf32>, tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>
  }
  func.func @s0_B(%arg0: tensor<32xf32> {mpt.state = @blocks.0.norm.weight}, %arg1: tensor<32x64xf32> {mpt.state = @blocks.0.fc.weight}, %arg2: tensor<64x32xf32> {mpt.state = @blocks.0.proj.weight}, %arg3: tensor<2x16x32xf32> {mpt.save = "v0.full"}, %arg4: tensor<2x16x32xf32> {mpt.save = "v1"}, %arg5: tensor<2x16xf32> {mpt.save = "v1.1"}, %arg6: tensor<2x16xf32> {mpt.save = "v1.2"}, %arg7: tensor<2x16x64xf32> {mpt.save = "v4"}, %arg8: tensor<2x16xi64> {mpt.input = "tokens"}, %arg9: tensor<2x16x32xf32> {mpt.recv = @dh1}, %arg10: tensor<32x32xf32> {mpt.acc = @wte}, %arg11: tensor<32xf32> {mpt.acc = @blocks.0.norm.weight}, %arg12: tensor<32xf32> {mpt.acc = @blocks.0.norm.bias}, %arg13: tensor<32x64xf32> {mpt.acc = @blocks.0.fc.weight}, %arg14: tensor<64xf32> {mpt.acc = @blocks.0.fc.bias}, %arg15: tensor<64x32xf32> {mpt.acc = @blocks.0.proj.weight}, %arg16: tensor<32xf32> {mpt.acc = @blocks.0.proj.bias}) -> (tensor<32x32xf32> {mpt.acc = @wte}, tensor<32xf32> {mpt.acc = @blocks.0.norm.weight}, tensor<32xf32> {mpt.acc = @blocks.0.norm.bias}, tensor<32x64xf32> {mpt.acc = @blocks.0.fc.weight}, tensor<64xf32> {mpt.acc = @blocks.0.fc.bias}, tensor<64x32xf32> {mpt.acc = @blocks.0.proj.weight}, tensor<32xf32> {mpt.acc = @blocks.0.proj.bias}) {
    %0 = tensor.empty() : tensor<32xf32>
    %1 = mpt.launch @reduce_sum_32x32(%arg9) into(%0) : (tensor<2x16x32xf32>, tensor<32xf32>) -> tensor<32xf32>
    %2 = mpt.launch @accumulate_32(%1) into(%arg16) : (tensor<32xf32>, tensor<32xf32>) -> tensor<32xf32>
    mpt.point 0
    %3 = tensor.empty() : tensor<2x16x64xf32>
    %4 = mpt.library "gemm"(%arg9, %arg2) into(%3) {lhs_contract = array<i64: 2>, rhs_contract = array<i64: 1>} : (tensor<2x16x32xf32>, tensor<64x32xf32>, tensor<2x16x64xf32>) -> tensor<2x16x64xf32>
    %5 = tensor.empty() : tensor<2x16x64xf32>
    %6 = mpt.launch @gelu_32x64(%arg7) into(%5) : (tensor<2x16x64xf32>, tensor<2x16x64xf32>) -> tensor<2x16x64xf32>
    %7 = mpt.library "gemm"(%6, %arg9) into(%arg15) {accumulate, lhs_contract = array<i64: 0, 1>, rhs_contract = array<i64: 0, 1>} : (tensor<2x16x64xf32>, tensor<2x16x32xf32>, tensor<64x32xf32>) -> tensor<64x32xf32>
    mpt.point 1
    %8 = tensor.empty() : tensor<2x16x64xf32>
    %9 = mpt.launch @gelu_grad_32x64(%arg7, %4) into(%8) : (tensor<2x16x64xf32>, tensor<2x16x64xf32>, tensor<2x16x64xf32>) -> tensor<2x16x64xf32>
    %10 = tensor.empty() : tensor<64xf32>
    %11 = mpt.launch @reduce_sum_32x64(%9) into(%10) : (tensor<2x16x64xf32>, tensor<64xf32>) -> tensor<64xf32>
    %12 = mpt.launch @accumulate_64(%11) into(%arg14) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    mpt.point 2
    %13 = tensor.empty() : tensor<2x16x32xf32>
    %14 = mpt.library "gemm"(%9, %arg1) into(%13) {lhs_contract = array<i64: 2>, rhs_contract = array<i64: 1>} : (tensor<2x16x64xf32>, tensor<32x64xf32>, tensor<2x16x32xf32>) -> tensor<2x16x32xf32>
    %15 = mpt.all_reduce sum %14 over ["tp"] {adjoint_of = 2, bytes = 4096} : tensor<2x16x32xf32>
    mpt.point 3
    %16 = mpt.library "gemm"(%arg4, %9) into(%arg13) {accumulate, lhs_contract = array<i64: 0, 1>, rhs_contract = array<i64: 0, 1>} : (tensor<2x16x32xf32>, tensor<2x16x64xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
    mpt.point 4
    %17 = tensor.empty() : tensor<2x16x32xf32>
    %18 = tensor.empty() : tensor<32xf32>
    %19 = tensor.empty() : tensor<32xf32>
    %20:3 = mpt.launch @layer_norm_grad_input_32x32(%arg3, %arg5, %arg6, %arg0, %15) into(%17, %18, %19) : (tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<32xf32>, tensor<2x16x32xf32>, tensor<2x16x32xf32>, tensor<32xf32>, tensor<32xf32>) -> (tensor<2x16x32xf32>, tensor<32xf32>, tensor<32xf32>)
    %21 = tensor.empty() : tensor<32xf32>
    %22 = tensor.empty() : tensor<32xf32>
    %23:2 = mpt.launch @layer_norm_grad_scale_32x32(%arg3, %arg5, %arg6, %15) into(%21, %22) : (tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16x32xf32>, tensor<32xf32>, tensor<32xf32>) -> (tensor<32xf32>, tensor<32xf32>)
    %24 = mpt.launch @accumulate_32(%23#0) into(%arg11) : (tensor<32xf32>, tensor<32xf32>) -> tensor<32xf32>
    mpt.point 5
    %25 = mpt.launch @accumulate_32(%23#1) into(%arg12) : (tensor<32xf32>, tensor<32xf32>) -> tensor<32xf32>
    mpt.point 6
    %26 = tensor.empty() : tensor<2x16x32xf32>
    %27 = mpt.launch @sum_32x32(%arg9, %20#0) into(%26) : (tensor<2x16x32xf32>, tensor<2x16x32xf32>, tensor<2x16x32xf32>) -> tensor<2x16x32xf32>
    %28 = mpt.shard_offset {adjoint_of = 0, axes = ["tp"], id = 47, size = 64} : tensor<i64>
    %extracted = tensor.extract %28[] : tensor<i64>
    %29 = tensor.empty() : tensor<32x32xf32>
    %30 = mpt.launch @constant_32x32() into(%29) : (tensor<32x32xf32>) -> tensor<32x32xf32>
    %31 = mpt.launch @scatter_rows_1x32x32(%arg8, %27, %extracted) into(%30) : (tensor<2x16xi64>, tensor<2x16x32xf32>, i64, tensor<32x32xf32>) -> tensor<32x32xf32>
    %32 = mpt.launch @accumulate_32x32(%31) into(%arg10) : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
    mpt.point 7
    return %32, %24, %25, %16, %12, %7, %2 : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>
  }
  func.func @s0_RS(%arg0: tensor<32x32xf32> {mpt.recv = @wte.tie}, %arg1: tensor<32xf32> {mpt.acc = @blocks.0.norm.weight}, %arg2: tensor<32xf32> {mpt.acc = @blocks.0.norm.bias}, %arg3: tensor<32x64xf32> {mpt.acc = @blocks.0.fc.weight}, %arg4: tensor<64xf32> {mpt.acc = @blocks.0.fc.bias}, %arg5: tensor<64x32xf32> {mpt.acc = @blocks.0.proj.weight}, %arg6: tensor<32xf32> {mpt.acc = @blocks.0.proj.bias}) -> (tensor<32x32xf32> {mpt.grad = @wte}, tensor<32xf32> {mpt.grad = @blocks.0.norm.weight}, tensor<32xf32> {mpt.grad = @blocks.0.norm.bias}, tensor<32x64xf32> {mpt.grad = @blocks.0.fc.weight}, tensor<64xf32> {mpt.grad = @blocks.0.fc.bias}, tensor<64x32xf32> {mpt.grad = @blocks.0.proj.weight}, tensor<32xf32> {mpt.grad = @blocks.0.proj.bias}) {
    %0:7 = mpt.all_reduce sum %arg0, %arg1, %arg2, %arg3, %arg4, %arg5, %arg6 over ["dp"] {bucket = 0, bytes = 21120} : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32> -> tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>
    return %0#0, %0#1, %0#2, %0#3, %0#4, %0#5, %0#6 : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>
  }
  func.func @s0_NORM(%arg0: tensor<32x32xf32> {mpt.grad = @wte}, %arg1: tensor<32xf32> {mpt.grad = @blocks.0.norm.weight}, %arg2: tensor<32xf32> {mpt.grad = @blocks.0.norm.bias}, %arg3: tensor<32x64xf32> {mpt.grad = @blocks.0.fc.weight}, %arg4: tensor<64xf32> {mpt.grad = @blocks.0.fc.bias}, %arg5: tensor<64x32xf32> {mpt.grad = @blocks.0.proj.weight}, %arg6: tensor<32xf32> {mpt.grad = @blocks.0.proj.bias}, %arg7: tensor<f32> {mpt.state = @step.stop}) -> (tensor<15xf32> {mpt.send = @totals}) {
    %0 = tensor.empty() : tensor<f32>
    %1 = mpt.launch @sum_squares_1024(%arg0) into(%0) : (tensor<32x32xf32>, tensor<f32>) -> tensor<f32>
    %2 = tensor.empty() : tensor<f32>
    %3 = mpt.launch @sum_squares_32(%arg1) into(%2) : (tensor<32xf32>, tensor<f32>) -> tensor<f32>
    %4 = tensor.empty() : tensor<f32>
    %5 = mpt.launch @sum_squares_32(%arg2) into(%4) : (tensor<32xf32>, tensor<f32>) -> tensor<f32>
    %6 = tensor.empty() : tensor<f32>
    %7 = mpt.launch @sum_squares_2048(%arg3) into(%6) : (tensor<32x64xf32>, tensor<f32>) -> tensor<f32>
    %8 = tensor.empty() : tensor<f32>
    %9 = mpt.launch @sum_squares_64(%arg4) into(%8) : (tensor<64xf32>, tensor<f32>) -> tensor<f32>
    %10 = tensor.empty() : tensor<f32>
    %11 = mpt.launch @sum_squares_2048(%arg5) into(%10) : (tensor<64x32xf32>, tensor<f32>) -> tensor<f32>
    %12 = tensor.empty() : tensor<f32>
    %13 = mpt.launch @sum_squares_32(%arg6) into(%12) : (tensor<32xf32>, tensor<f32>) -> tensor<f32>
    %14 = mpt.shard_offset {axes = ["dp"], size = 2} : tensor<i64>
    %extracted = tensor.extract %14[] : tensor<i64>
    %15 = mpt.shard_offset {axes = ["dp", "tp"], size = 4} : tensor<i64>
    %extracted_0 = tensor.extract %15[] : tensor<i64>
    %16 = tensor.empty() : tensor<15xf32>
    %17 = mpt.launch @totals_15(%arg7, %1, %extracted, %3, %extracted_0, %5, %7, %9, %11, %13) into(%16) : (tensor<f32>, tensor<f32>, i64, tensor<f32>, i64, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<15xf32>) -> tensor<15xf32>
    return %17 : tensor<15xf32>
  }
  func.func @s0_OPT(%arg0: tensor<15xf32> {mpt.recv = @totals}, %arg1: tensor<32x32xf32> {mpt.state = @wte}, %arg2: tensor<32xf32> {mpt.state = @blocks.0.norm.weight}, %arg3: tensor<32xf32> {mpt.state = @blocks.0.norm.bias}, %arg4: tensor<32x64xf32> {mpt.state = @blocks.0.fc.weight}, %arg5: tensor<64xf32> {mpt.state = @blocks.0.fc.bias}, %arg6: tensor<64x32xf32> {mpt.state = @blocks.0.proj.weight}, %arg7: tensor<32xf32> {mpt.state = @blocks.0.proj.bias}, %arg8: tensor<32x32xf32> {mpt.grad = @wte}, %arg9: tensor<32xf32> {mpt.grad = @blocks.0.norm.weight}, %arg10: tensor<32xf32> {mpt.grad = @blocks.0.norm.bias}, %arg11: tensor<32x64xf32> {mpt.grad = @blocks.0.fc.weight}, %arg12: tensor<64xf32> {mpt.grad = @blocks.0.fc.bias}, %arg13: tensor<64x32xf32> {mpt.grad = @blocks.0.proj.weight}, %arg14: tensor<32xf32> {mpt.grad = @blocks.0.proj.bias}, %arg15: tensor<32x32xf32> {mpt.state = @wte.exp_avg}, %arg16: tensor<32xf32> {mpt.state = @blocks.0.norm.weight.exp_avg}, %arg17: tensor<32xf32> {mpt.state = @blocks.0.norm.bias.exp_avg}, %arg18: tensor<32x64xf32> {mpt.state = @blocks.0.fc.weight.exp_avg}, %arg19: tensor<64xf32> {mpt.state = @blocks.0.fc.bias.exp_avg}, %arg20: tensor<64x32xf32> {mpt.state = @blocks.0.proj.weight.exp_avg}, %arg21: tensor<32xf32> {mpt.state = @blocks.0.proj.bias.exp_avg}, %arg22: tensor<32x32xf32> {mpt.state = @wte.exp_avg_sq}, %arg23: tensor<32xf32> {mpt.state = @blocks.0.norm.weight.exp_avg_sq}, %arg24: tensor<32xf32> {mpt.state = @blocks.0.norm.bias.exp_avg_sq}, %arg25: tensor<32x64xf32> {mpt.state = @blocks.0.fc.weight.exp_avg_sq}, %arg26: tensor<64xf32> {mpt.state = @blocks.0.fc.bias.exp_avg_sq}, %arg27: tensor<64x32xf32> {mpt.state = @blocks.0.proj.weight.exp_avg_sq}, %arg28: tensor<32xf32> {mpt.state = @blocks.0.proj.bias.exp_avg_sq}, %arg29: tensor<f32> {mpt.state = @step.lr}, %arg30: tensor<i64> {mpt.state = @step.count}) -> (tensor<32x32xf32> {mpt.state = @wte}, tensor<32xf32> {mpt.state = @blocks.0.norm.weight}, tensor<32xf32> {mpt.state = @blocks.0.norm.bias}, tensor<32x64xf32> {mpt.state = @blocks.0.fc.weight}, tensor<64xf32> {mpt.state = @blocks.0.fc.bias}, tensor<64x32xf32> {mpt.state = @blocks.0.proj.weight}, tensor<32xf32> {mpt.state = @blocks.0.proj.bias}, tensor<32x32xf32> {mpt.state = @wte.exp_avg}, tensor<32xf32> {mpt.state = @blocks.0.norm.weight.exp_avg}, tensor<32xf32> {mpt.state = @blocks.0.norm.bias.exp_avg}, tensor<32x64xf32> {mpt.state = @blocks.0.fc.weight.exp_avg}, tensor<64xf32> {mpt.state = @blocks.0.fc.bias.exp_avg}, tensor<64x32xf32> {mpt.state = @blocks.0.proj.weight.exp_avg}, tensor<32xf32> {mpt.state = @blocks.0.proj.bias.exp_avg}, tensor<32x32xf32> {mpt.state = @wte.exp_avg_sq}, tensor<32xf32> {mpt.state = @blocks.0.norm.weight.exp_avg_sq}, tensor<32xf32> {mpt.state = @blocks.0.norm.bias.exp_avg_sq}, tensor<32x64xf32> {mpt.state = @blocks.0.fc.weight.exp_avg_sq}, tensor<64xf32> {mpt.state = @blocks.0.fc.bias.exp_avg_sq}, tensor<64x32xf32> {mpt.state = @blocks.0.proj.weight.exp_avg_sq}, tensor<32xf32> {mpt.state = @blocks.0.proj.bias.exp_avg_sq}, tensor<32x32xf32> {mpt.acc = @wte}, tensor<32xf32> {mpt.acc = @blocks.0.norm.weight}, tensor<32xf32> {mpt.acc = @blocks.0.norm.bias}, tensor<32x64xf32> {mpt.acc = @blocks.0.fc.weight}, tensor<64xf32> {mpt.acc = @blocks.0.fc.bias}, tensor<64x32xf32> {mpt.acc = @blocks.0.proj.weight}, tensor<32xf32> {mpt.acc = @blocks.0.proj.bias}, tensor<f32> {mpt.metric = "grad_norm"}) {
    %0 = tensor.empty() : tensor<13xf32>
    %1 = mpt.launch @slice_15(%arg0) into(%0) : (tensor<15xf32>, tensor<13xf32>) -> tensor<13xf32>
    %2 = tensor.empty() : tensor<f32>
    %3 = mpt.launch @reduce_sum_13(%1) into(%2) : (tensor<13xf32>, tensor<f32>) -> tensor<f32>
    %4 = tensor.empty() : tensor<i1>
    %5 = mpt.launch @is_finite_i1(%3) into(%4) : (tensor<f32>, tensor<i1>) -> tensor<i1>
    %6 = tensor.empty() : tensor<f32>
    %7 = mpt.launch @sqrt(%3) into(%6) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %8 = tensor.empty() : tensor<f32>
    %9 = mpt.launch @fused_min(%7) into(%8) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %10:3 = mpt.launch @opt_adamw_32x32(%arg8, %9, %arg29, %5, %arg30) into(%arg1, %arg15, %arg22) : (tensor<32x32xf32>, tensor<f32>, tensor<f32>, tensor<i1>, tensor<i64>, tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>) -> (tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>)
    %11:3 = mpt.launch @opt_adamw_32(%arg9, %9, %arg29, %5, %arg30) into(%arg2, %arg16, %arg23) : (tensor<32xf32>, tensor<f32>, tensor<f32>, tensor<i1>, tensor<i64>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>) -> (tensor<32xf32>, tensor<32xf32>, tensor<32xf32>)
    %12:3 = mpt.launch @opt_adamw_32(%arg10, %9, %arg29, %5, %arg30) into(%arg3, %arg17, %arg24) : (tensor<32xf32>, tensor<f32>, tensor<f32>, tensor<i1>, tensor<i64>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>) -> (tensor<32xf32>, tensor<32xf32>, tensor<32xf32>)
    %13:3 = mpt.launch @opt_adamw_32x64(%arg11, %9, %arg29, %5, %arg30) into(%arg4, %arg18, %arg25) : (tensor<32x64xf32>, tensor<f32>, tensor<f32>, tensor<i1>, tensor<i64>, tensor<32x64xf32>, tensor<32x64xf32>, tensor<32x64xf32>) -> (tensor<32x64xf32>, tensor<32x64xf32>, tensor<32x64xf32>)
    %14:3 = mpt.launch @opt_adamw_64(%arg12, %9, %arg29, %5, %arg30) into(%arg5, %arg19, %arg26) : (tensor<64xf32>, tensor<f32>, tensor<f32>, tensor<i1>, tensor<i64>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>)
    %15:3 = mpt.launch @opt_adamw_64x32(%arg13, %9, %arg29, %5, %arg30) into(%arg6, %arg20, %arg27) : (tensor<64x32xf32>, tensor<f32>, tensor<f32>, tensor<i1>, tensor<i64>, tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>) -> (tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>)
    %16:3 = mpt.launch @opt_adamw_32(%arg14, %9, %arg29, %5, %arg30) into(%arg7, %arg21, %arg28) : (tensor<32xf32>, tensor<f32>, tensor<f32>, tensor<i1>, tensor<i64>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>) -> (tensor<32xf32>, tensor<32xf32>, tensor<32xf32>)
    %17 = tensor.empty() : tensor<32x32xf32>
    %18 = mpt.launch @constant_32x32() into(%17) : (tensor<32x32xf32>) -> tensor<32x32xf32>
    %19 = tensor.empty() : tensor<32xf32>
    %20 = mpt.launch @constant_32() into(%19) : (tensor<32xf32>) -> tensor<32xf32>
    %21 = tensor.empty() : tensor<32xf32>
    %22 = mpt.launch @constant_32() into(%21) : (tensor<32xf32>) -> tensor<32xf32>
    %23 = tensor.empty() : tensor<32x64xf32>
    %24 = mpt.launch @constant_32x64() into(%23) : (tensor<32x64xf32>) -> tensor<32x64xf32>
    %25 = tensor.empty() : tensor<64xf32>
    %26 = mpt.launch @constant_64() into(%25) : (tensor<64xf32>) -> tensor<64xf32>
    %27 = tensor.empty() : tensor<64x32xf32>
    %28 = mpt.launch @constant_64x32() into(%27) : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %29 = tensor.empty() : tensor<32xf32>
    %30 = mpt.launch @constant_32() into(%29) : (tensor<32xf32>) -> tensor<32xf32>
    return %10#0, %11#0, %12#0, %13#0, %14#0, %15#0, %16#0, %10#1, %11#1, %12#1, %13#1, %14#1, %15#1, %16#1, %10#2, %11#2, %12#2, %13#2, %14#2, %15#2, %16#2, %18, %20, %22, %24, %26, %28, %30, %7 : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<f32>
  }
  func.func @s1_RS(%arg0: tensor<32x32xf32> {mpt.recv = @wte.tie}, %arg1: tensor<32xf32> {mpt.acc = @blocks.1.norm.weight}, %arg2: tensor<32xf32> {mpt.acc = @blocks.1.norm.bias}, %arg3: tensor<32x64xf32> {mpt.acc = @blocks.1.fc.weight}, %arg4: tensor<64xf32> {mpt.acc = @blocks.1.fc.bias}, %arg5: tensor<64x32xf32> {mpt.acc = @blocks.1.proj.weight}, %arg6: tensor<32xf32> {mpt.acc = @blocks.1.proj.bias}) -> (tensor<32x32xf32> {mpt.grad = @wte}, tensor<32xf32> {mpt.grad = @blocks.1.norm.weight}, tensor<32xf32> {mpt.grad = @blocks.1.norm.bias}, tensor<32x64xf32> {mpt.grad = @blocks.1.fc.weight}, tensor<64xf32> {mpt.grad = @blocks.1.fc.bias}, tensor<64x32xf32> {mpt.grad = @blocks.1.proj.weight}, tensor<32xf32> {mpt.grad = @blocks.1.proj.bias}) {
    %0:7 = mpt.all_reduce sum %arg0, %arg1, %arg2, %arg3, %arg4, %arg5, %arg6 over ["dp"] {bucket = 0, bytes = 21120} : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32> -> tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>
    return %0#0, %0#1, %0#2, %0#3, %0#4, %0#5, %0#6 : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>
  }
  func.func @s1_NORM(%arg0: tensor<32xf32> {mpt.grad = @blocks.1.norm.weight}, %arg1: tensor<32xf32> {mpt.grad = @blocks.1.norm.bias}, %arg2: tensor<32x64xf32> {mpt.grad = @blocks.1.fc.weight}, %arg3: tensor<64xf32> {mpt.grad = @blocks.1.fc.bias}, %arg4: tensor<64x32xf32> {mpt.grad = @blocks.1.proj.weight}, %arg5: tensor<32xf32> {mpt.grad = @blocks.1.proj.bias}, %arg6: tensor<f32> {mpt.acc = "loss"}, %arg7: tensor<f32> {mpt.once = "v23"}, %arg8: tensor<f32> {mpt.state = @step.stop}) -> (tensor<15xf32> {mpt.send = @totals}) {
    %0 = tensor.empty() : tensor<f32>
    %1 = mpt.launch @mul(%arg6, %arg7) into(%0) : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<f32>
    %2 = tensor.empty() : tensor<f32>
    %3 = mpt.launch @sum_squares_32(%arg0) into(%2) : (tensor<32xf32>, tensor<f32>) -> tensor<f32>
    %4 = tensor.empty() : tensor<f32>
    %5 = mpt.launch @sum_squares_32(%arg1) into(%4) : (tensor<32xf32>, tensor<f32>) -> tensor<f32>
    %6 = tensor.empty() : tensor<f32>
    %7 = mpt.launch @sum_squares_2048(%arg2) into(%6) : (tensor<32x64xf32>, tensor<f32>) -> tensor<f32>
    %8 = tensor.empty() : tensor<f32>
    %9 = mpt.launch @sum_squares_64(%arg3) into(%8) : (tensor<64xf32>, tensor<f32>) -> tensor<f32>
    %10 = tensor.empty() : tensor<f32>
    %11 = mpt.launch @sum_squares_2048(%arg4) into(%10) : (tensor<64x32xf32>, tensor<f32>) -> tensor<f32>
    %12 = tensor.empty() : tensor<f32>
    %13 = mpt.launch @sum_squares_32(%arg5) into(%12) : (tensor<32xf32>, tensor<f32>) -> tensor<f32>
    %14 = mpt.shard_offset {axes = ["dp", "tp"], size = 4} : tensor<i64>
    %extracted = tensor.extract %14[] : tensor<i64>
    %15 = mpt.shard_offset {axes = ["dp"], size = 2} : tensor<i64>
    %extracted_0 = tensor.extract %15[] : tensor<i64>
    %16 = tensor.empty() : tensor<15xf32>
    %17 = mpt.launch @totals_15_0(%1, %arg8, %3, %extracted, %5, %7, %extracted_0, %9, %11, %13) into(%16) : (tensor<f32>, tensor<f32>, tensor<f32>, i64, tensor<f32>, tensor<f32>, i64, tensor<f32>, tensor<f32>, tensor<f32>, tensor<15xf32>) -> tensor<15xf32>
    return %17 : tensor<15xf32>
  }
  func.func @s1_OPT(%arg0: tensor<15xf32> {mpt.recv = @totals}, %arg1: tensor<32x32xf32> {mpt.state = @wte}, %arg2: tensor<32xf32> {mpt.state = @blocks.1.norm.weight}, %arg3: tensor<32xf32> {mpt.state = @blocks.1.norm.bias}, %arg4: tensor<32x64xf32> {mpt.state = @blocks.1.fc.weight}, %arg5: tensor<64xf32> {mpt.state = @blocks.1.fc.bias}, %arg6: tensor<64x32xf32> {mpt.state = @blocks.1.proj.weight}, %arg7: tensor<32xf32> {mpt.state = @blocks.1.proj.bias}, %arg8: tensor<32x32xf32> {mpt.grad = @wte}, %arg9: tensor<32xf32> {mpt.grad = @blocks.1.norm.weight}, %arg10: tensor<32xf32> {mpt.grad = @blocks.1.norm.bias}, %arg11: tensor<32x64xf32> {mpt.grad = @blocks.1.fc.weight}, %arg12: tensor<64xf32> {mpt.grad = @blocks.1.fc.bias}, %arg13: tensor<64x32xf32> {mpt.grad = @blocks.1.proj.weight}, %arg14: tensor<32xf32> {mpt.grad = @blocks.1.proj.bias}, %arg15: tensor<32x32xf32> {mpt.state = @wte.exp_avg}, %arg16: tensor<32xf32> {mpt.state = @blocks.1.norm.weight.exp_avg}, %arg17: tensor<32xf32> {mpt.state = @blocks.1.norm.bias.exp_avg}, %arg18: tensor<32x64xf32> {mpt.state = @blocks.1.fc.weight.exp_avg}, %arg19: tensor<64xf32> {mpt.state = @blocks.1.fc.bias.exp_avg}, %arg20: tensor<64x32xf32> {mpt.state = @blocks.1.proj.weight.exp_avg}, %arg21: tensor<32xf32> {mpt.state = @blocks.1.proj.bias.exp_avg}, %arg22: tensor<32x32xf32> {mpt.state = @wte.exp_avg_sq}, %arg23: tensor<32xf32> {mpt.state = @blocks.1.norm.weight.exp_avg_sq}, %arg24: tensor<32xf32> {mpt.state = @blocks.1.norm.bias.exp_avg_sq}, %arg25: tensor<32x64xf32> {mpt.state = @blocks.1.fc.weight.exp_avg_sq}, %arg26: tensor<64xf32> {mpt.state = @blocks.1.fc.bias.exp_avg_sq}, %arg27: tensor<64x32xf32> {mpt.state = @blocks.1.proj.weight.exp_avg_sq}, %arg28: tensor<32xf32> {mpt.state = @blocks.1.proj.bias.exp_avg_sq}, %arg29: tensor<f32> {mpt.state = @step.lr}, %arg30: tensor<i64> {mpt.state = @step.count}) -> (tensor<32x32xf32> {mpt.state = @wte}, tensor<32xf32> {mpt.state = @blocks.1.norm.weight}, tensor<32xf32> {mpt.state = @blocks.1.norm.bias}, tensor<32x64xf32> {mpt.state = @blocks.1.fc.weight}, tensor<64xf32> {mpt.state = @blocks.1.fc.bias}, tensor<64x32xf32> {mpt.state = @blocks.1.proj.weight}, tensor<32xf32> {mpt.state = @blocks.1.proj.bias}, tensor<32x32xf32> {mpt.state = @wte.exp_avg}, tensor<32xf32> {mpt.state = @blocks.1.norm.weight.exp_avg}, tensor<32xf32> {mpt.state = @blocks.1.norm.bias.exp_avg}, tensor<32x64xf32> {mpt.state = @blocks.1.fc.weight.exp_avg}, tensor<64xf32> {mpt.state = @blocks.1.fc.bias.exp_avg}, tensor<64x32xf32> {mpt.state = @blocks.1.proj.weight.exp_avg}, tensor<32xf32> {mpt.state = @blocks.1.proj.bias.exp_avg}, tensor<32x32xf32> {mpt.state = @wte.exp_avg_sq}, tensor<32xf32> {mpt.state = @blocks.1.norm.weight.exp_avg_sq}, tensor<32xf32> {mpt.state = @blocks.1.norm.bias.exp_avg_sq}, tensor<32x64xf32> {mpt.state = @blocks.1.fc.weight.exp_avg_sq}, tensor<64xf32> {mpt.state = @blocks.1.fc.bias.exp_avg_sq}, tensor<64x32xf32> {mpt.state = @blocks.1.proj.weight.exp_avg_sq}, tensor<32xf32> {mpt.state = @blocks.1.proj.bias.exp_avg_sq}, tensor<32x32xf32> {mpt.acc = @wte}, tensor<32xf32> {mpt.acc = @blocks.1.norm.weight}, tensor<32xf32> {mpt.acc = @blocks.1.norm.bias}, tensor<32x64xf32> {mpt.acc = @blocks.1.fc.weight}, tensor<64xf32> {mpt.acc = @blocks.1.fc.bias}, tensor<64x32xf32> {mpt.acc = @blocks.1.proj.weight}, tensor<32xf32> {mpt.acc = @blocks.1.proj.bias}, tensor<f32> {mpt.acc = "loss"}, tensor<f32> {mpt.metric = "grad_norm"}) {
    %0 = tensor.empty() : tensor<13xf32>
    %1 = mpt.launch @slice_15(%arg0) into(%0) : (tensor<15xf32>, tensor<13xf32>) -> tensor<13xf32>
    %2 = tensor.empty() : tensor<f32>
    %3 = mpt.launch @reduce_sum_13(%1) into(%2) : (tensor<13xf32>, tensor<f32>) -> tensor<f32>
    %4 = tensor.empty() : tensor<i1>
    %5 = mpt.launch @is_finite_i1(%3) into(%4) : (tensor<f32>, tensor<i1>) -> tensor<i1>
    %6 = tensor.empty() : tensor<f32>
    %7 = mpt.launch @sqrt(%3) into(%6) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %8 = tensor.empty() : tensor<f32>
    %9 = mpt.launch @fused_min(%7) into(%8) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %10:3 = mpt.launch @opt_adamw_32x32(%arg8, %9, %arg29, %5, %arg30) into(%arg1, %arg15, %arg22) : (tensor<32x32xf32>, tensor<f32>, tensor<f32>, tensor<i1>, tensor<i64>, tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>) -> (tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>)
    %11:3 = mpt.launch @opt_adamw_32(%arg9, %9, %arg29, %5, %arg30) into(%arg2, %arg16, %arg23) : (tensor<32xf32>, tensor<f32>, tensor<f32>, tensor<i1>, tensor<i64>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>) -> (tensor<32xf32>, tensor<32xf32>, tensor<32xf32>)
    %12:3 = mpt.launch @opt_adamw_32(%arg10, %9, %arg29, %5, %arg30) into(%arg3, %arg17, %arg24) : (tensor<32xf32>, tensor<f32>, tensor<f32>, tensor<i1>, tensor<i64>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>) -> (tensor<32xf32>, tensor<32xf32>, tensor<32xf32>)
    %13:3 = mpt.launch @opt_adamw_32x64(%arg11, %9, %arg29, %5, %arg30) into(%arg4, %arg18, %arg25) : (tensor<32x64xf32>, tensor<f32>, tensor<f32>, tensor<i1>, tensor<i64>, tensor<32x64xf32>, tensor<32x64xf32>, tensor<32x64xf32>) -> (tensor<32x64xf32>, tensor<32x64xf32>, tensor<32x64xf32>)
    %14:3 = mpt.launch @opt_adamw_64(%arg12, %9, %arg29, %5, %arg30) into(%arg5, %arg19, %arg26) : (tensor<64xf32>, tensor<f32>, tensor<f32>, tensor<i1>, tensor<i64>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>)
    %15:3 = mpt.launch @opt_adamw_64x32(%arg13, %9, %arg29, %5, %arg30) into(%arg6, %arg20, %arg27) : (tensor<64x32xf32>, tensor<f32>, tensor<f32>, tensor<i1>, tensor<i64>, tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>) -> (tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>)
    %16:3 = mpt.launch @opt_adamw_32(%arg14, %9, %arg29, %5, %arg30) into(%arg7, %arg21, %arg28) : (tensor<32xf32>, tensor<f32>, tensor<f32>, tensor<i1>, tensor<i64>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>) -> (tensor<32xf32>, tensor<32xf32>, tensor<32xf32>)
    %17 = tensor.empty() : tensor<32x32xf32>
    %18 = mpt.launch @constant_32x32() into(%17) : (tensor<32x32xf32>) -> tensor<32x32xf32>
    %19 = tensor.empty() : tensor<32xf32>
    %20 = mpt.launch @constant_32() into(%19) : (tensor<32xf32>) -> tensor<32xf32>
    %21 = tensor.empty() : tensor<32xf32>
    %22 = mpt.launch @constant_32() into(%21) : (tensor<32xf32>) -> tensor<32xf32>
    %23 = tensor.empty() : tensor<32x64xf32>
    %24 = mpt.launch @constant_32x64() into(%23) : (tensor<32x64xf32>) -> tensor<32x64xf32>
    %25 = tensor.empty() : tensor<64xf32>
    %26 = mpt.launch @constant_64() into(%25) : (tensor<64xf32>) -> tensor<64xf32>
    %27 = tensor.empty() : tensor<64x32xf32>
    %28 = mpt.launch @constant_64x32() into(%27) : (tensor<64x32xf32>) -> tensor<64x32xf32>
    %29 = tensor.empty() : tensor<32xf32>
    %30 = mpt.launch @constant_32() into(%29) : (tensor<32xf32>) -> tensor<32xf32>
    %31 = tensor.empty() : tensor<f32>
    %32 = mpt.launch @constant() into(%31) : (tensor<f32>) -> tensor<f32>
    return %10#0, %11#0, %12#0, %13#0, %14#0, %15#0, %16#0, %10#1, %11#1, %12#1, %13#1, %14#1, %15#1, %16#1, %10#2, %11#2, %12#2, %13#2, %14#2, %15#2, %16#2, %18, %20, %22, %24, %26, %28, %30, %32, %7 : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<f32>, tensor<f32>
  }
  mpt.schedule "1f1b" attributes {micro = 2 : i64, place = array<i64: 0, 1>, stages = 2 : i64} {
    mpt.actions attributes {peak = 197184 : i64, pp = 0 : i64} {
      mpt.run @s0_F {mb = 0 : i64, save = 0 : i64, slots = {h1 = 0 : i64}}
      mpt.send @h1 {mb = 0 : i64, slot = 0 : i64}
      mpt.run @s0_F {mb = 1 : i64, save = 1 : i64, slots = {h1 = 1 : i64}}
      mpt.send @h1 {mb = 1 : i64, slot = 1 : i64}
      mpt.recv @dh1 {mb = 0 : i64, slot = 0 : i64}
      mpt.run @s0_B {mb = 0 : i64, save = 0 : i64, slots = {dh1 = 0 : i64}}
      mpt.recv @dh1 {mb = 1 : i64, slot = 0 : i64}
      mpt.run @s0_B {mb = 1 : i64, save = 1 : i64, slots = {dh1 = 0 : i64}}
      mpt.exchange @wte.tie
      mpt.run @s0_RS
      mpt.run @s0_NORM
      mpt.exchange @totals
      mpt.run @s0_OPT
    }
    mpt.actions attributes {peak = 188992 : i64, pp = 1 : i64} {
      mpt.run @s1_WGT
      mpt.recv @h1 {mb = 0 : i64, slot = 0 : i64}
      mpt.run @s1_F {mb = 0 : i64, save = 0 : i64, slots = {h1 = 0 : i64}}
      mpt.run @s1_B {mb = 0 : i64, save = 0 : i64, slots = {dh1 = 0 : i64}}
      mpt.recv @h1 {mb = 1 : i64, slot = 0 : i64}
      mpt.send @dh1 {mb = 0 : i64, slot = 0 : i64}
      mpt.run @s1_F {mb = 1 : i64, save = 0 : i64, slots = {h1 = 0 : i64}}
      mpt.run @s1_B {mb = 1 : i64, save = 0 : i64, slots = {dh1 = 1 : i64}}
      mpt.send @dh1 {mb = 1 : i64, slot = 1 : i64}
      mpt.exchange @wte.tie
      mpt.run @s1_RS
      mpt.run @s1_NORM
      mpt.exchange @totals
      mpt.run @s1_OPT
    }
  }
  func.func private @label_weight_64(%arg0: tensor<64xi64>, %arg1: tensor<f32>) -> tensor<f32> attributes {mpt.kernel} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg1 : tensor<f32>) -> tensor<f32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%arg0 : tensor<64xi64>) outs(%0 : tensor<f32>) {
    ^bb0(%in: i64, %out: f32):
      %cst_0 = arith.constant 0.000000e+00 : f32
      %c-100_i64 = arith.constant -100 : i64
      %2 = arith.cmpi eq, %in, %c-100_i64 : i64
      %cst_1 = arith.constant 1.000000e+00 : f32
      %3 = arith.select %2, %cst_0, %cst_1 : f32
      %4 = arith.addf %out, %3 : f32
      linalg.yield %4 : f32
    } -> tensor<f32>
    return %1 : tensor<f32>
  }
  func.func private @div(%arg0: tensor<f32>, %arg1: tensor<f32>) -> tensor<f32> attributes {mpt.kernel} {
    %cst = arith.constant 1.000000e+00 : f32
    %0 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = []} ins(%cst, %arg0 : f32, tensor<f32>) outs(%arg1 : tensor<f32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %1 = arith.divf %in, %in_0 : f32
      linalg.yield %1 : f32
    } -> tensor<f32>
    return %0 : tensor<f32>
  }
  func.func private @take_1x32x32(%arg0: tensor<1x32x32xf32>, %arg1: tensor<32xi64>, %arg2: i64, %arg3: tensor<32x32xf32>) -> tensor<32x32xf32> attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %0 = linalg.generic {indexing_maps = [#map3, #map4], iterator_types = ["parallel", "parallel"]} ins(%arg1 : tensor<32xi64>) outs(%arg3 : tensor<32x32xf32>) {
    ^bb0(%in: i64, %out: f32):
      %1 = arith.subi %in, %arg2 : i64
      %c0_i64 = arith.constant 0 : i64
      %c31_i64 = arith.constant 31 : i64
      %2 = arith.cmpi sge, %1, %c0_i64 : i64
      %3 = arith.cmpi sle, %1, %c31_i64 : i64
      %4 = arith.andi %2, %3 : i1
      %5 = arith.minsi %1, %c31_i64 : i64
      %6 = arith.maxsi %c0_i64, %5 : i64
      %7 = arith.index_cast %6 : i64 to index
      %c0 = arith.constant 0 : index
      %8 = linalg.index 1 : index
      %extracted = tensor.extract %arg0[%c0, %7, %8] : tensor<1x32x32xf32>
      %cst = arith.constant 0.000000e+00 : f32
      %9 = arith.select %4, %extracted, %cst : f32
      linalg.yield %9 : f32
    } -> tensor<32x32xf32>
    return %0 : tensor<32x32xf32>
  }
  func.func private @layer_norm_32x32(%arg0: tensor<32x32xf32>, %arg1: tensor<32xf32>, %arg2: tensor<32xf32>, %arg3: tensor<32x32xf32>, %arg4: tensor<32xf32>, %arg5: tensor<32xf32>) -> (tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>) attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg4 : tensor<32xf32>) -> tensor<32xf32>
    %1 = linalg.generic {indexing_maps = [#map4, #map3], iterator_types = ["parallel", "reduction"]} ins(%arg0 : tensor<32x32xf32>) outs(%0 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %8 = arith.addf %out, %in : f32
      linalg.yield %8 : f32
    } -> tensor<32xf32>
    %2 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%1 : tensor<32xf32>) {
    ^bb0(%out: f32):
      %cst_1 = arith.constant 3.200000e+01 : f32
      %8 = arith.divf %out, %cst_1 : f32
      linalg.yield %8 : f32
    } -> tensor<32xf32>
    %cst_0 = arith.constant 0.000000e+00 : f32
    %3 = linalg.fill ins(%cst_0 : f32) outs(%arg5 : tensor<32xf32>) -> tensor<32xf32>
    %4 = linalg.generic {indexing_maps = [#map4, #map3, #map3], iterator_types = ["parallel", "reduction"]} ins(%arg0, %2 : tensor<32x32xf32>, tensor<32xf32>) outs(%3 : tensor<32xf32>) {
    ^bb0(%in: f32, %in_1: f32, %out: f32):
      %8 = arith.subf %in, %in_1 : f32
      %9 = arith.mulf %8, %8 : f32
      %10 = arith.addf %out, %9 : f32
      linalg.yield %10 : f32
    } -> tensor<32xf32>
    %5 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%4 : tensor<32xf32>) {
    ^bb0(%out: f32):
      %cst_1 = arith.constant 3.200000e+01 : f32
      %8 = arith.divf %out, %cst_1 : f32
      linalg.yield %8 : f32
    } -> tensor<32xf32>
    %6 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%5 : tensor<32xf32>) {
    ^bb0(%out: f32):
      %cst_1 = arith.constant 9.99999974E-6 : f32
      %8 = arith.addf %out, %cst_1 : f32
      %9 = math.sqrt %8 : f32
      %cst_2 = arith.constant 1.000000e+00 : f32
      %10 = arith.divf %cst_2, %9 : f32
      linalg.yield %10 : f32
    } -> tensor<32xf32>
    %7 = linalg.generic {indexing_maps = [#map4, #map3, #map3, #map5, #map5, #map4], iterator_types = ["parallel", "parallel"]} ins(%arg0, %2, %6, %arg1, %arg2 : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>) outs(%arg3 : tensor<32x32xf32>) {
    ^bb0(%in: f32, %in_1: f32, %in_2: f32, %in_3: f32, %in_4: f32, %out: f32):
      %8 = arith.subf %in, %in_1 : f32
      %9 = arith.mulf %8, %in_2 : f32
      %10 = arith.mulf %9, %in_3 : f32
      %11 = arith.addf %10, %in_4 : f32
      linalg.yield %11 : f32
    } -> tensor<32x32xf32>
    return %7, %2, %6 : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>
  }
  func.func private @add_32x64(%arg0: tensor<32x64xf32>, %arg1: tensor<64xf32>, %arg2: tensor<32x64xf32>) -> tensor<32x64xf32> attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %0 = linalg.generic {indexing_maps = [#map4, #map5, #map4], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1 : tensor<32x64xf32>, tensor<64xf32>) outs(%arg2 : tensor<32x64xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %1 = arith.addf %in, %in_0 : f32
      linalg.yield %1 : f32
    } -> tensor<32x64xf32>
    return %0 : tensor<32x64xf32>
  }
  func.func private @gelu_32x64(%arg0: tensor<32x64xf32>, %arg1: tensor<32x64xf32>) -> tensor<32x64xf32> attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %0 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<32x64xf32>) outs(%arg1 : tensor<32x64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %cst = arith.constant 5.000000e-01 : f32
      %cst_0 = arith.constant 1.000000e+00 : f32
      %cst_1 = arith.constant 0.707106769 : f32
      %1 = arith.mulf %in, %cst_1 : f32
      %2 = math.erf %1 : f32
      %3 = arith.addf %cst_0, %2 : f32
      %4 = arith.mulf %cst, %3 : f32
      %5 = arith.mulf %in, %4 : f32
      linalg.yield %5 : f32
    } -> tensor<32x64xf32>
    return %0 : tensor<32x64xf32>
  }
  func.func private @fused_add_32x32(%arg0: tensor<32x32xf32>, %arg1: tensor<32x32xf32>, %arg2: tensor<32xf32>, %arg3: tensor<32x32xf32>) -> tensor<32x32xf32> attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %0 = linalg.generic {indexing_maps = [#map4, #map4, #map5, #map4], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1, %arg2 : tensor<32x32xf32>, tensor<32x32xf32>, tensor<32xf32>) outs(%arg3 : tensor<32x32xf32>) {
    ^bb0(%in: f32, %in_0: f32, %in_1: f32, %out: f32):
      %1 = arith.addf %in_0, %in_1 : f32
      %2 = arith.addf %in, %1 : f32
      linalg.yield %2 : f32
    } -> tensor<32x32xf32>
    return %0 : tensor<32x32xf32>
  }
  func.func private @cross_entropy_local_32x32(%arg0: tensor<32x32xf32>, %arg1: tensor<32xi64>, %arg2: i64, %arg3: tensor<32xf32>, %arg4: tensor<32xf32>, %arg5: tensor<32xf32>) -> (tensor<32xf32>, tensor<32xf32>, tensor<32xf32>) attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %cst = arith.constant 0xFF800000 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg3 : tensor<32xf32>) -> tensor<32xf32>
    %1 = linalg.generic {indexing_maps = [#map4, #map3], iterator_types = ["parallel", "reduction"]} ins(%arg0 : tensor<32x32xf32>) outs(%0 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %6 = arith.maximumf %out, %in : f32
      linalg.yield %6 : f32
    } -> tensor<32xf32>
    %cst_0 = arith.constant 0.000000e+00 : f32
    %2 = linalg.fill ins(%cst_0 : f32) outs(%arg4 : tensor<32xf32>) -> tensor<32xf32>
    %3 = linalg.generic {indexing_maps = [#map4, #map3, #map3], iterator_types = ["parallel", "reduction"]} ins(%arg0, %1 : tensor<32x32xf32>, tensor<32xf32>) outs(%2 : tensor<32xf32>) {
    ^bb0(%in: f32, %in_2: f32, %out: f32):
      %cst_3 = arith.constant 0xFF800000 : f32
      %6 = arith.cmpf oeq, %in, %cst_3 : f32
      %cst_4 = arith.constant 0.000000e+00 : f32
      %7 = arith.subf %in, %in_2 : f32
      %8 = math.exp %7 : f32
      %9 = arith.select %6, %cst_4, %8 : f32
      %10 = arith.addf %out, %9 : f32
      linalg.yield %10 : f32
    } -> tensor<32xf32>
    %cst_1 = arith.constant 0.000000e+00 : f32
    %4 = linalg.fill ins(%cst_1 : f32) outs(%arg5 : tensor<32xf32>) -> tensor<32xf32>
    %5 = linalg.generic {indexing_maps = [#map4, #map3, #map3], iterator_types = ["parallel", "reduction"]} ins(%arg0, %arg1 : tensor<32x32xf32>, tensor<32xi64>) outs(%4 : tensor<32xf32>) {
    ^bb0(%in: f32, %in_2: i64, %out: f32):
      %6 = linalg.index 1 : index
      %7 = arith.index_cast %6 : index to i64
      %8 = arith.addi %7, %arg2 : i64
      %9 = arith.cmpi eq, %8, %in_2 : i64
      %10 = arith.select %9, %in, %out : f32
      linalg.yield %10 : f32
    } -> tensor<32xf32>
    return %1, %3, %5 : tensor<32xf32>, tensor<32xf32>, tensor<32xf32>
  }
  func.func private @fused_mul_2x16(%arg0: tensor<2x16xf32>, %arg1: tensor<2x16xf32>, %arg2: tensor<2x16xf32>, %arg3: tensor<2x16xf32>) -> tensor<2x16xf32> attributes {mpt.kernel, mpt.rows = 2 : i64} {
    %0 = linalg.generic {indexing_maps = [#map4, #map4, #map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1, %arg2 : tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>) outs(%arg3 : tensor<2x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %in_1: f32, %out: f32):
      %1 = arith.subf %in_0, %in_1 : f32
      %2 = math.exp %1 : f32
      %3 = arith.mulf %in, %2 : f32
      linalg.yield %3 : f32
    } -> tensor<2x16xf32>
    return %0 : tensor<2x16xf32>
  }
  func.func private @fused_add_2x16(%arg0: tensor<2x16xf32>, %arg1: tensor<2x16xf32>, %arg2: tensor<2x16xf32>) -> tensor<2x16xf32> attributes {mpt.kernel, mpt.rows = 2 : i64} {
    %0 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1 : tensor<2x16xf32>, tensor<2x16xf32>) outs(%arg2 : tensor<2x16xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %1 = math.log %in_0 : f32
      %2 = arith.addf %in, %1 : f32
      linalg.yield %2 : f32
    } -> tensor<2x16xf32>
    return %0 : tensor<2x16xf32>
  }
  func.func private @mask_replicas_2x16(%arg0: tensor<2x16xf32>, %arg1: i64, %arg2: tensor<2x16xf32>) -> tensor<2x16xf32> attributes {mpt.kernel, mpt.rows = 2 : i64} {
    %c0_i64 = arith.constant 0 : i64
    %0 = arith.cmpi eq, %arg1, %c0_i64 : i64
    %1 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<2x16xf32>) outs(%arg2 : tensor<2x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      %cst = arith.constant 0.000000e+00 : f32
      %2 = arith.select %0, %in, %cst : f32
      linalg.yield %2 : f32
    } -> tensor<2x16xf32>
    return %1 : tensor<2x16xf32>
  }
  func.func private @cross_entropy_finish_32(%arg0: tensor<32xf32>, %arg1: tensor<32xf32>, %arg2: tensor<32xi64>, %arg3: tensor<f32>) -> tensor<f32> attributes {mpt.kernel} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg3 : tensor<f32>) -> tensor<f32>
    %1 = linalg.generic {indexing_maps = [#map, #map, #map, #map1], iterator_types = ["reduction"]} ins(%arg2, %arg0, %arg1 : tensor<32xi64>, tensor<32xf32>, tensor<32xf32>) outs(%0 : tensor<f32>) {
    ^bb0(%in: i64, %in_0: f32, %in_1: f32, %out: f32):
      %cst_2 = arith.constant 0.000000e+00 : f32
      %c-100_i64 = arith.constant -100 : i64
      %2 = arith.cmpi eq, %in, %c-100_i64 : i64
      %3 = arith.subf %in_0, %in_1 : f32
      %4 = arith.select %2, %cst_2, %3 : f32
      %5 = arith.addf %out, %4 : f32
      linalg.yield %5 : f32
    } -> tensor<f32>
    return %1 : tensor<f32>
  }
  func.func private @accumulate(%arg0: tensor<f32>, %arg1: tensor<f32>) -> tensor<f32> attributes {mpt.kernel} {
    %0 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = []} ins(%arg0 : tensor<f32>) outs(%arg1 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %1 = arith.addf %out, %in : f32
      linalg.yield %1 : f32
    } -> tensor<f32>
    return %0 : tensor<f32>
  }
  func.func private @copy_2x16(%arg0: tensor<2x16xf32>, %arg1: tensor<2x16xf32>) -> tensor<2x16xf32> attributes {mpt.kernel, mpt.rows = 2 : i64} {
    %0 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<2x16xf32>) outs(%arg1 : tensor<2x16xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<2x16xf32>
    return %0 : tensor<2x16xf32>
  }
  func.func private @cross_entropy_grad_32x32(%arg0: tensor<32x32xf32>, %arg1: tensor<32xi64>, %arg2: tensor<32xf32>, %arg3: tensor<f32>, %arg4: i64, %arg5: tensor<32x32xf32>) -> tensor<32x32xf32> attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %extracted = tensor.extract %arg3[] : tensor<f32>
    %0 = linalg.generic {indexing_maps = [#map4, #map3, #map3, #map4], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1, %arg2 : tensor<32x32xf32>, tensor<32xi64>, tensor<32xf32>) outs(%arg5 : tensor<32x32xf32>) {
    ^bb0(%in: f32, %in_0: i64, %in_1: f32, %out: f32):
      %cst = arith.constant 0.000000e+00 : f32
      %1 = linalg.index 1 : index
      %2 = arith.index_cast %1 : index to i64
      %3 = arith.addi %2, %arg4 : i64
      %4 = arith.cmpi eq, %3, %in_0 : i64
      %cst_2 = arith.constant 1.000000e+00 : f32
      %5 = arith.select %4, %cst_2, %cst : f32
      %6 = arith.subf %in, %in_1 : f32
      %7 = math.exp %6 : f32
      %8 = arith.subf %7, %5 : f32
      %9 = arith.mulf %8, %extracted : f32
      %c-100_i64 = arith.constant -100 : i64
      %10 = arith.cmpi eq, %in_0, %c-100_i64 : i64
      %11 = arith.select %10, %cst, %9 : f32
      linalg.yield %11 : f32
    } -> tensor<32x32xf32>
    return %0 : tensor<32x32xf32>
  }
  func.func private @reduce_sum_32x32(%arg0: tensor<32x32xf32>, %arg1: tensor<32xf32>) -> tensor<32xf32> attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg1 : tensor<32xf32>) -> tensor<32xf32>
    %1 = linalg.generic {indexing_maps = [#map4, #map5], iterator_types = ["reduction", "parallel"]} ins(%arg0 : tensor<32x32xf32>) outs(%0 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %2 = arith.addf %out, %in : f32
      linalg.yield %2 : f32
    } -> tensor<32xf32>
    return %1 : tensor<32xf32>
  }
  func.func private @accumulate_32(%arg0: tensor<32xf32>, %arg1: tensor<32xf32>) -> tensor<32xf32> attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg0 : tensor<32xf32>) outs(%arg1 : tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %1 = arith.addf %out, %in : f32
      linalg.yield %1 : f32
    } -> tensor<32xf32>
    return %0 : tensor<32xf32>
  }
  func.func private @gelu_grad_32x64(%arg0: tensor<32x64xf32>, %arg1: tensor<32x64xf32>, %arg2: tensor<32x64xf32>) -> tensor<32x64xf32> attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %0 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1 : tensor<32x64xf32>, tensor<32x64xf32>) outs(%arg2 : tensor<32x64xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %cst = arith.constant 5.000000e-01 : f32
      %cst_1 = arith.constant 1.000000e+00 : f32
      %cst_2 = arith.constant 0.707106769 : f32
      %1 = arith.mulf %in, %cst_2 : f32
      %2 = math.erf %1 : f32
      %3 = arith.addf %cst_1, %2 : f32
      %4 = arith.mulf %cst, %3 : f32
      %5 = arith.mulf %in, %in : f32
      %cst_3 = arith.constant -5.000000e-01 : f32
      %6 = arith.mulf %5, %cst_3 : f32
      %7 = math.exp %6 : f32
      %cst_4 = arith.constant 0.398942292 : f32
      %8 = arith.mulf %7, %cst_4 : f32
      %9 = arith.mulf %in, %8 : f32
      %10 = arith.addf %4, %9 : f32
      %11 = arith.mulf %in_0, %10 : f32
      linalg.yield %11 : f32
    } -> tensor<32x64xf32>
    return %0 : tensor<32x64xf32>
  }
  func.func private @reduce_sum_32x64(%arg0: tensor<32x64xf32>, %arg1: tensor<64xf32>) -> tensor<64xf32> attributes {mpt.kernel, mpt.rows = 64 : i64} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg1 : tensor<64xf32>) -> tensor<64xf32>
    %1 = linalg.generic {indexing_maps = [#map4, #map5], iterator_types = ["reduction", "parallel"]} ins(%arg0 : tensor<32x64xf32>) outs(%0 : tensor<64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %2 = arith.addf %out, %in : f32
      linalg.yield %2 : f32
    } -> tensor<64xf32>
    return %1 : tensor<64xf32>
  }
  func.func private @accumulate_64(%arg0: tensor<64xf32>, %arg1: tensor<64xf32>) -> tensor<64xf32> attributes {mpt.kernel, mpt.rows = 64 : i64} {
    %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%arg0 : tensor<64xf32>) outs(%arg1 : tensor<64xf32>) {
    ^bb0(%in: f32, %out: f32):
      %1 = arith.addf %out, %in : f32
      linalg.yield %1 : f32
    } -> tensor<64xf32>
    return %0 : tensor<64xf32>
  }
  func.func private @layer_norm_grad_input_32x32(%arg0: tensor<32x32xf32>, %arg1: tensor<32xf32>, %arg2: tensor<32xf32>, %arg3: tensor<32xf32>, %arg4: tensor<32x32xf32>, %arg5: tensor<32x32xf32>, %arg6: tensor<32xf32>, %arg7: tensor<32xf32>) -> (tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>) attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg6 : tensor<32xf32>) -> tensor<32xf32>
    %1 = linalg.generic {indexing_maps = [#map4, #map5, #map3], iterator_types = ["parallel", "reduction"]} ins(%arg4, %arg3 : tensor<32x32xf32>, tensor<32xf32>) outs(%0 : tensor<32xf32>) {
    ^bb0(%in: f32, %in_1: f32, %out: f32):
      %7 = arith.mulf %in, %in_1 : f32
      %8 = arith.addf %out, %7 : f32
      linalg.yield %8 : f32
    } -> tensor<32xf32>
    %2 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%1 : tensor<32xf32>) {
    ^bb0(%out: f32):
      %cst_1 = arith.constant 3.200000e+01 : f32
      %7 = arith.divf %out, %cst_1 : f32
      linalg.yield %7 : f32
    } -> tensor<32xf32>
    %cst_0 = arith.constant 0.000000e+00 : f32
    %3 = linalg.fill ins(%cst_0 : f32) outs(%arg7 : tensor<32xf32>) -> tensor<32xf32>
    %4 = linalg.generic {indexing_maps = [#map4, #map3, #map5, #map4, #map3, #map3], iterator_types = ["parallel", "reduction"]} ins(%arg0, %arg2, %arg3, %arg4, %arg1 : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x32xf32>, tensor<32xf32>) outs(%3 : tensor<32xf32>) {
    ^bb0(%in: f32, %in_1: f32, %in_2: f32, %in_3: f32, %in_4: f32, %out: f32):
      %7 = arith.mulf %in_3, %in_2 : f32
      %8 = arith.subf %in, %in_4 : f32
      %9 = arith.mulf %8, %in_1 : f32
      %10 = arith.mulf %7, %9 : f32
      %11 = arith.addf %out, %10 : f32
      linalg.yield %11 : f32
    } -> tensor<32xf32>
    %5 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%4 : tensor<32xf32>) {
    ^bb0(%out: f32):
      %cst_1 = arith.constant 3.200000e+01 : f32
      %7 = arith.divf %out, %cst_1 : f32
      linalg.yield %7 : f32
    } -> tensor<32xf32>
    %6 = linalg.generic {indexing_maps = [#map4, #map3, #map5, #map4, #map3, #map3, #map3, #map4], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg2, %arg3, %arg4, %arg1, %5, %2 : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>) outs(%arg5 : tensor<32x32xf32>) {
    ^bb0(%in: f32, %in_1: f32, %in_2: f32, %in_3: f32, %in_4: f32, %in_5: f32, %in_6: f32, %out: f32):
      %7 = arith.mulf %in_3, %in_2 : f32
      %8 = arith.subf %7, %in_6 : f32
      %9 = arith.subf %in, %in_4 : f32
      %10 = arith.mulf %9, %in_1 : f32
      %11 = arith.mulf %10, %in_5 : f32
      %12 = arith.subf %8, %11 : f32
      %13 = arith.mulf %in_1, %12 : f32
      linalg.yield %13 : f32
    } -> tensor<32x32xf32>
    return %6, %2, %5 : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>
  }
  func.func private @layer_norm_grad_scale_32x32(%arg0: tensor<32x32xf32>, %arg1: tensor<32xf32>, %arg2: tensor<32xf32>, %arg3: tensor<32x32xf32>, %arg4: tensor<32xf32>, %arg5: tensor<32xf32>) -> (tensor<32xf32>, tensor<32xf32>) attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg4 : tensor<32xf32>) -> tensor<32xf32>
    %cst_0 = arith.constant 0.000000e+00 : f32
    %1 = linalg.fill ins(%cst_0 : f32) outs(%arg5 : tensor<32xf32>) -> tensor<32xf32>
    %2:2 = linalg.generic {indexing_maps = [#map4, #map3, #map4, #map3, #map5, #map5], iterator_types = ["reduction", "parallel"]} ins(%arg0, %arg2, %arg3, %arg1 : tensor<32x32xf32>, tensor<32xf32>, tensor<32x32xf32>, tensor<32xf32>) outs(%0, %1 : tensor<32xf32>, tensor<32xf32>) {
    ^bb0(%in: f32, %in_1: f32, %in_2: f32, %in_3: f32, %out: f32, %out_4: f32):
      %3 = arith.subf %in, %in_3 : f32
      %4 = arith.mulf %3, %in_1 : f32
      %5 = arith.mulf %in_2, %4 : f32
      %6 = arith.addf %out, %5 : f32
      %7 = arith.addf %out_4, %in_2 : f32
      linalg.yield %6, %7 : f32, f32
    } -> (tensor<32xf32>, tensor<32xf32>)
    return %2#0, %2#1 : tensor<32xf32>, tensor<32xf32>
  }
  func.func private @sum_32x32(%arg0: tensor<32x32xf32>, %arg1: tensor<32x32xf32>, %arg2: tensor<32x32xf32>) -> tensor<32x32xf32> attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %0 = linalg.generic {indexing_maps = [#map4, #map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%arg0, %arg1 : tensor<32x32xf32>, tensor<32x32xf32>) outs(%arg2 : tensor<32x32xf32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %1 = arith.addf %in, %in_0 : f32
      linalg.yield %1 : f32
    } -> tensor<32x32xf32>
    return %0 : tensor<32x32xf32>
  }
  func.func private @scatter_rows_1x32x32(%arg0: tensor<32xi64>, %arg1: tensor<1x32x32xf32>, %arg2: i64, %arg3: tensor<1x32x32xf32>) -> tensor<1x32x32xf32> attributes {mpt.kernel} {
    %c1 = arith.constant 1 : index
    %c0 = arith.constant 0 : index
    %c1_0 = arith.constant 1 : index
    %0 = scf.for %arg4 = %c0 to %c1 step %c1_0 iter_args(%arg5 = %arg3) -> (tensor<1x32x32xf32>) {
      %c32 = arith.constant 32 : index
      %c0_1 = arith.constant 0 : index
      %c1_2 = arith.constant 1 : index
      %1 = scf.for %arg6 = %c0_1 to %c32 step %c1_2 iter_args(%arg7 = %arg5) -> (tensor<1x32x32xf32>) {
        %extracted = tensor.extract %arg0[%arg6] : tensor<32xi64>
        %2 = arith.subi %extracted, %arg2 : i64
        %c0_i64 = arith.constant 0 : i64
        %c31_i64 = arith.constant 31 : i64
        %3 = arith.cmpi sge, %2, %c0_i64 : i64
        %4 = arith.cmpi sle, %2, %c31_i64 : i64
        %5 = arith.andi %3, %4 : i1
        %6 = arith.minsi %2, %c31_i64 : i64
        %7 = arith.maxsi %c0_i64, %6 : i64
        %8 = arith.index_cast %7 : i64 to index
        %c32_3 = arith.constant 32 : index
        %c0_4 = arith.constant 0 : index
        %9 = arith.select %5, %c32_3, %c0_4 : index
        %c0_5 = arith.constant 0 : index
        %c1_6 = arith.constant 1 : index
        %10 = scf.for %arg8 = %c0_5 to %9 step %c1_6 iter_args(%arg9 = %arg7) -> (tensor<1x32x32xf32>) {
          %extracted_7 = tensor.extract %arg9[%arg4, %8, %arg8] : tensor<1x32x32xf32>
          %extracted_8 = tensor.extract %arg1[%arg4, %arg6, %arg8] : tensor<1x32x32xf32>
          %11 = arith.addf %extracted_7, %extracted_8 : f32
          %inserted = tensor.insert %11 into %arg9[%arg4, %8, %arg8] : tensor<1x32x32xf32>
          scf.yield %inserted : tensor<1x32x32xf32>
        }
        scf.yield %10 : tensor<1x32x32xf32>
      }
      scf.yield %1 : tensor<1x32x32xf32>
    }
    return %0 : tensor<1x32x32xf32>
  }
  func.func private @accumulate_32x32(%arg0: tensor<32x32xf32>, %arg1: tensor<32x32xf32>) -> tensor<32x32xf32> attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %0 = linalg.generic {indexing_maps = [#map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<32x32xf32>) outs(%arg1 : tensor<32x32xf32>) {
    ^bb0(%in: f32, %out: f32):
      %1 = arith.addf %out, %in : f32
      linalg.yield %1 : f32
    } -> tensor<32x32xf32>
    return %0 : tensor<32x32xf32>
  }
  func.func private @constant_32x32(%arg0: tensor<32x32xf32>) -> tensor<32x32xf32> attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg0 : tensor<32x32xf32>) -> tensor<32x32xf32>
    return %0 : tensor<32x32xf32>
  }
  func.func private @sum_squares_1024(%arg0: tensor<1024xf32>, %arg1: tensor<f32>) -> tensor<f32> attributes {mpt.kernel} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg1 : tensor<f32>) -> tensor<f32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%arg0 : tensor<1024xf32>) outs(%0 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %2 = arith.mulf %in, %in : f32
      %3 = arith.addf %out, %2 : f32
      linalg.yield %3 : f32
    } -> tensor<f32>
    return %1 : tensor<f32>
  }
  func.func private @sum_squares_32(%arg0: tensor<32xf32>, %arg1: tensor<f32>) -> tensor<f32> attributes {mpt.kernel} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg1 : tensor<f32>) -> tensor<f32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%arg0 : tensor<32xf32>) outs(%0 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %2 = arith.mulf %in, %in : f32
      %3 = arith.addf %out, %2 : f32
      linalg.yield %3 : f32
    } -> tensor<f32>
    return %1 : tensor<f32>
  }
  func.func private @sum_squares_2048(%arg0: tensor<2048xf32>, %arg1: tensor<f32>) -> tensor<f32> attributes {mpt.kernel} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg1 : tensor<f32>) -> tensor<f32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%arg0 : tensor<2048xf32>) outs(%0 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %2 = arith.mulf %in, %in : f32
      %3 = arith.addf %out, %2 : f32
      linalg.yield %3 : f32
    } -> tensor<f32>
    return %1 : tensor<f32>
  }
  func.func private @sum_squares_64(%arg0: tensor<64xf32>, %arg1: tensor<f32>) -> tensor<f32> attributes {mpt.kernel} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg1 : tensor<f32>) -> tensor<f32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%arg0 : tensor<64xf32>) outs(%0 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %2 = arith.mulf %in, %in : f32
      %3 = arith.addf %out, %2 : f32
      linalg.yield %3 : f32
    } -> tensor<f32>
    return %1 : tensor<f32>
  }
  func.func private @totals_15(%arg0: tensor<f32>, %arg1: tensor<f32>, %arg2: i64, %arg3: tensor<f32>, %arg4: i64, %arg5: tensor<f32>, %arg6: tensor<f32>, %arg7: tensor<f32>, %arg8: tensor<f32>, %arg9: tensor<f32>, %arg10: tensor<15xf32>) -> tensor<15xf32> attributes {mpt.kernel} {
    %extracted = tensor.extract %arg0[] : tensor<f32>
    %extracted_0 = tensor.extract %arg1[] : tensor<f32>
    %c0_i64 = arith.constant 0 : i64
    %0 = arith.cmpi eq, %arg2, %c0_i64 : i64
    %extracted_1 = tensor.extract %arg3[] : tensor<f32>
    %c0_i64_2 = arith.constant 0 : i64
    %1 = arith.cmpi eq, %arg4, %c0_i64_2 : i64
    %extracted_3 = tensor.extract %arg5[] : tensor<f32>
    %c0_i64_4 = arith.constant 0 : i64
    %2 = arith.cmpi eq, %arg4, %c0_i64_4 : i64
    %extracted_5 = tensor.extract %arg6[] : tensor<f32>
    %c0_i64_6 = arith.constant 0 : i64
    %3 = arith.cmpi eq, %arg2, %c0_i64_6 : i64
    %extracted_7 = tensor.extract %arg7[] : tensor<f32>
    %c0_i64_8 = arith.constant 0 : i64
    %4 = arith.cmpi eq, %arg2, %c0_i64_8 : i64
    %extracted_9 = tensor.extract %arg8[] : tensor<f32>
    %c0_i64_10 = arith.constant 0 : i64
    %5 = arith.cmpi eq, %arg2, %c0_i64_10 : i64
    %extracted_11 = tensor.extract %arg9[] : tensor<f32>
    %c0_i64_12 = arith.constant 0 : i64
    %6 = arith.cmpi eq, %arg4, %c0_i64_12 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %7 = linalg.fill ins(%cst : f32) outs(%arg10 : tensor<15xf32>) -> tensor<15xf32>
    %c1 = arith.constant 1 : index
    %inserted = tensor.insert %extracted into %7[%c1] : tensor<15xf32>
    %cst_13 = arith.constant 0.000000e+00 : f32
    %8 = arith.select %0, %extracted_0, %cst_13 : f32
    %c2 = arith.constant 2 : index
    %inserted_14 = tensor.insert %8 into %inserted[%c2] : tensor<15xf32>
    %cst_15 = arith.constant 0.000000e+00 : f32
    %9 = arith.select %1, %extracted_1, %cst_15 : f32
    %c3 = arith.constant 3 : index
    %inserted_16 = tensor.insert %9 into %inserted_14[%c3] : tensor<15xf32>
    %cst_17 = arith.constant 0.000000e+00 : f32
    %10 = arith.select %2, %extracted_3, %cst_17 : f32
    %c4 = arith.constant 4 : index
    %inserted_18 = tensor.insert %10 into %inserted_16[%c4] : tensor<15xf32>
    %cst_19 = arith.constant 0.000000e+00 : f32
    %11 = arith.select %3, %extracted_5, %cst_19 : f32
    %c5 = arith.constant 5 : index
    %inserted_20 = tensor.insert %11 into %inserted_18[%c5] : tensor<15xf32>
    %cst_21 = arith.constant 0.000000e+00 : f32
    %12 = arith.select %4, %extracted_7, %cst_21 : f32
    %c6 = arith.constant 6 : index
    %inserted_22 = tensor.insert %12 into %inserted_20[%c6] : tensor<15xf32>
    %cst_23 = arith.constant 0.000000e+00 : f32
    %13 = arith.select %5, %extracted_9, %cst_23 : f32
    %c7 = arith.constant 7 : index
    %inserted_24 = tensor.insert %13 into %inserted_22[%c7] : tensor<15xf32>
    %cst_25 = arith.constant 0.000000e+00 : f32
    %14 = arith.select %6, %extracted_11, %cst_25 : f32
    %c8 = arith.constant 8 : index
    %inserted_26 = tensor.insert %14 into %inserted_24[%c8] : tensor<15xf32>
    return %inserted_26 : tensor<15xf32>
  }
  func.func private @slice_15(%arg0: tensor<15xf32>, %arg1: tensor<13xf32>) -> tensor<13xf32> attributes {mpt.kernel, mpt.rows = 13 : i64} {
    %0 = linalg.generic {indexing_maps = [#map6, #map], iterator_types = ["parallel"]} ins(%arg0 : tensor<15xf32>) outs(%arg1 : tensor<13xf32>) {
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    } -> tensor<13xf32>
    return %0 : tensor<13xf32>
  }
  func.func private @reduce_sum_13(%arg0: tensor<13xf32>, %arg1: tensor<f32>) -> tensor<f32> attributes {mpt.kernel} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg1 : tensor<f32>) -> tensor<f32>
    %1 = linalg.generic {indexing_maps = [#map, #map1], iterator_types = ["reduction"]} ins(%arg0 : tensor<13xf32>) outs(%0 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %2 = arith.addf %out, %in : f32
      linalg.yield %2 : f32
    } -> tensor<f32>
    return %1 : tensor<f32>
  }
  func.func private @is_finite_i1(%arg0: tensor<f32>, %arg1: tensor<i1>) -> tensor<i1> attributes {mpt.kernel} {
    %0 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = []} ins(%arg0 : tensor<f32>) outs(%arg1 : tensor<i1>) {
    ^bb0(%in: f32, %out: i1):
      %1 = math.absf %in : f32
      %cst = arith.constant 0x7F800000 : f32
      %2 = arith.cmpf olt, %1, %cst : f32
      linalg.yield %2 : i1
    } -> tensor<i1>
    return %0 : tensor<i1>
  }
  func.func private @sqrt(%arg0: tensor<f32>, %arg1: tensor<f32>) -> tensor<f32> attributes {mpt.kernel} {
    %0 = linalg.generic {indexing_maps = [#map2, #map2], iterator_types = []} ins(%arg0 : tensor<f32>) outs(%arg1 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %1 = math.sqrt %in : f32
      linalg.yield %1 : f32
    } -> tensor<f32>
    return %0 : tensor<f32>
  }
  func.func private @fused_min(%arg0: tensor<f32>, %arg1: tensor<f32>) -> tensor<f32> attributes {mpt.kernel} {
    %cst = arith.constant 1.000000e+00 : f32
    %cst_0 = arith.constant 9.99999997E-7 : f32
    %cst_1 = arith.constant 1.000000e+00 : f32
    %0 = linalg.generic {indexing_maps = [#map2, #map2, #map2, #map2, #map2], iterator_types = []} ins(%cst, %arg0, %cst_0, %cst_1 : f32, tensor<f32>, f32, f32) outs(%arg1 : tensor<f32>) {
    ^bb0(%in: f32, %in_2: f32, %in_3: f32, %in_4: f32, %out: f32):
      %1 = arith.addf %in_2, %in_3 : f32
      %2 = arith.divf %in, %1 : f32
      %3 = arith.minimumf %2, %in_4 : f32
      linalg.yield %3 : f32
    } -> tensor<f32>
    return %0 : tensor<f32>
  }
  func.func private @opt_adamw_32x32(%arg0: tensor<32x32xf32>, %arg1: tensor<f32>, %arg2: tensor<f32>, %arg3: tensor<i1>, %arg4: tensor<i64>, %arg5: tensor<32x32xf32>, %arg6: tensor<32x32xf32>, %arg7: tensor<32x32xf32>) -> (tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>) attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %extracted = tensor.extract %arg1[] : tensor<f32>
    %extracted_0 = tensor.extract %arg2[] : tensor<f32>
    %extracted_1 = tensor.extract %arg3[] : tensor<i1>
    %extracted_2 = tensor.extract %arg4[] : tensor<i64>
    %c1_i64 = arith.constant 1 : i64
    %0 = arith.addi %extracted_2, %c1_i64 : i64
    %cst = arith.constant 1.000000e+00 : f64
    %1 = arith.extf %extracted_0 : f32 to f64
    %c1_i64_3 = arith.constant 1 : i64
    %c0 = arith.constant 0 : index
    %c63 = arith.constant 63 : index
    %c1 = arith.constant 1 : index
    %cst_4 = arith.constant 1.000000e+00 : f64
    %cst_5 = arith.constant 9.000000e-01 : f64
    %2:2 = scf.for %arg8 = %c0 to %c63 step %c1 iter_args(%arg9 = %cst_4, %arg10 = %cst_5) -> (f64, f64) {
      %11 = arith.index_cast %arg8 : index to i64
      %12 = arith.shrsi %0, %11 : i64
      %13 = arith.andi %12, %c1_i64_3 : i64
      %14 = arith.cmpi eq, %13, %c1_i64_3 : i64
      %15 = arith.mulf %arg9, %arg10 : f64
      %16 = arith.select %14, %15, %arg9 : f64
      %17 = arith.mulf %arg10, %arg10 : f64
      scf.yield %16, %17 : f64, f64
    }
    %3 = arith.subf %cst, %2#0 : f64
    %c1_i64_6 = arith.constant 1 : i64
    %c0_7 = arith.constant 0 : index
    %c63_8 = arith.constant 63 : index
    %c1_9 = arith.constant 1 : index
    %cst_10 = arith.constant 1.000000e+00 : f64
    %cst_11 = arith.constant 0.94999999999999996 : f64
    %4:2 = scf.for %arg8 = %c0_7 to %c63_8 step %c1_9 iter_args(%arg9 = %cst_10, %arg10 = %cst_11) -> (f64, f64) {
      %11 = arith.index_cast %arg8 : index to i64
      %12 = arith.shrsi %0, %11 : i64
      %13 = arith.andi %12, %c1_i64_6 : i64
      %14 = arith.cmpi eq, %13, %c1_i64_6 : i64
      %15 = arith.mulf %arg9, %arg10 : f64
      %16 = arith.select %14, %15, %arg9 : f64
      %17 = arith.mulf %arg10, %arg10 : f64
      scf.yield %16, %17 : f64, f64
    }
    %5 = arith.subf %cst, %4#0 : f64
    %6 = arith.divf %1, %3 : f64
    %7 = arith.truncf %6 : f64 to f32
    %8 = math.sqrt %5 : f64
    %9 = arith.truncf %8 : f64 to f32
    %10:3 = linalg.generic {indexing_maps = [#map4, #map4, #map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<32x32xf32>) outs(%arg5, %arg6, %arg7 : tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>) {
    ^bb0(%in: f32, %out: f32, %out_12: f32, %out_13: f32):
      %11 = arith.mulf %in, %extracted : f32
      %cst_14 = arith.constant 1.000000e+00 : f32
      %cst_15 = arith.constant 1.000000e-01 : f32
      %12 = arith.mulf %extracted_0, %cst_15 : f32
      %13 = arith.subf %cst_14, %12 : f32
      %14 = arith.mulf %out, %13 : f32
      %cst_16 = arith.constant 1.000000e-01 : f32
      %15 = arith.subf %11, %out_12 : f32
      %16 = arith.mulf %cst_16, %15 : f32
      %17 = arith.addf %out_12, %16 : f32
      %cst_17 = arith.constant 0.949999988 : f32
      %18 = arith.mulf %out_13, %cst_17 : f32
      %cst_18 = arith.constant 5.000000e-02 : f32
      %19 = arith.mulf %11, %11 : f32
      %20 = arith.mulf %cst_18, %19 : f32
      %21 = arith.addf %18, %20 : f32
      %cst_19 = arith.constant 9.99999993E-9 : f32
      %22 = math.sqrt %21 : f32
      %23 = arith.divf %22, %9 : f32
      %24 = arith.addf %23, %cst_19 : f32
      %25 = arith.divf %17, %24 : f32
      %26 = arith.mulf %7, %25 : f32
      %27 = arith.subf %14, %26 : f32
      %28 = arith.select %extracted_1, %27, %out : f32
      %29 = arith.select %extracted_1, %17, %out_12 : f32
      %30 = arith.select %extracted_1, %21, %out_13 : f32
      linalg.yield %28, %29, %30 : f32, f32, f32
    } -> (tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>)
    return %10#0, %10#1, %10#2 : tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>
  }
  func.func private @opt_adamw_32(%arg0: tensor<32xf32>, %arg1: tensor<f32>, %arg2: tensor<f32>, %arg3: tensor<i1>, %arg4: tensor<i64>, %arg5: tensor<32xf32>, %arg6: tensor<32xf32>, %arg7: tensor<32xf32>) -> (tensor<32xf32>, tensor<32xf32>, tensor<32xf32>) attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %extracted = tensor.extract %arg1[] : tensor<f32>
    %extracted_0 = tensor.extract %arg2[] : tensor<f32>
    %extracted_1 = tensor.extract %arg3[] : tensor<i1>
    %extracted_2 = tensor.extract %arg4[] : tensor<i64>
    %c1_i64 = arith.constant 1 : i64
    %0 = arith.addi %extracted_2, %c1_i64 : i64
    %cst = arith.constant 1.000000e+00 : f64
    %1 = arith.extf %extracted_0 : f32 to f64
    %c1_i64_3 = arith.constant 1 : i64
    %c0 = arith.constant 0 : index
    %c63 = arith.constant 63 : index
    %c1 = arith.constant 1 : index
    %cst_4 = arith.constant 1.000000e+00 : f64
    %cst_5 = arith.constant 9.000000e-01 : f64
    %2:2 = scf.for %arg8 = %c0 to %c63 step %c1 iter_args(%arg9 = %cst_4, %arg10 = %cst_5) -> (f64, f64) {
      %11 = arith.index_cast %arg8 : index to i64
      %12 = arith.shrsi %0, %11 : i64
      %13 = arith.andi %12, %c1_i64_3 : i64
      %14 = arith.cmpi eq, %13, %c1_i64_3 : i64
      %15 = arith.mulf %arg9, %arg10 : f64
      %16 = arith.select %14, %15, %arg9 : f64
      %17 = arith.mulf %arg10, %arg10 : f64
      scf.yield %16, %17 : f64, f64
    }
    %3 = arith.subf %cst, %2#0 : f64
    %c1_i64_6 = arith.constant 1 : i64
    %c0_7 = arith.constant 0 : index
    %c63_8 = arith.constant 63 : index
    %c1_9 = arith.constant 1 : index
    %cst_10 = arith.constant 1.000000e+00 : f64
    %cst_11 = arith.constant 0.94999999999999996 : f64
    %4:2 = scf.for %arg8 = %c0_7 to %c63_8 step %c1_9 iter_args(%arg9 = %cst_10, %arg10 = %cst_11) -> (f64, f64) {
      %11 = arith.index_cast %arg8 : index to i64
      %12 = arith.shrsi %0, %11 : i64
      %13 = arith.andi %12, %c1_i64_6 : i64
      %14 = arith.cmpi eq, %13, %c1_i64_6 : i64
      %15 = arith.mulf %arg9, %arg10 : f64
      %16 = arith.select %14, %15, %arg9 : f64
      %17 = arith.mulf %arg10, %arg10 : f64
      scf.yield %16, %17 : f64, f64
    }
    %5 = arith.subf %cst, %4#0 : f64
    %6 = arith.divf %1, %3 : f64
    %7 = arith.truncf %6 : f64 to f32
    %8 = math.sqrt %5 : f64
    %9 = arith.truncf %8 : f64 to f32
    %10:3 = linalg.generic {indexing_maps = [#map, #map, #map, #map], iterator_types = ["parallel"]} ins(%arg0 : tensor<32xf32>) outs(%arg5, %arg6, %arg7 : tensor<32xf32>, tensor<32xf32>, tensor<32xf32>) {
    ^bb0(%in: f32, %out: f32, %out_12: f32, %out_13: f32):
      %11 = arith.mulf %in, %extracted : f32
      %cst_14 = arith.constant 1.000000e-01 : f32
      %12 = arith.subf %11, %out_12 : f32
      %13 = arith.mulf %cst_14, %12 : f32
      %14 = arith.addf %out_12, %13 : f32
      %cst_15 = arith.constant 0.949999988 : f32
      %15 = arith.mulf %out_13, %cst_15 : f32
      %cst_16 = arith.constant 5.000000e-02 : f32
      %16 = arith.mulf %11, %11 : f32
      %17 = arith.mulf %cst_16, %16 : f32
      %18 = arith.addf %15, %17 : f32
      %cst_17 = arith.constant 9.99999993E-9 : f32
      %19 = math.sqrt %18 : f32
      %20 = arith.divf %19, %9 : f32
      %21 = arith.addf %20, %cst_17 : f32
      %22 = arith.divf %14, %21 : f32
      %23 = arith.mulf %7, %22 : f32
      %24 = arith.subf %out, %23 : f32
      %25 = arith.select %extracted_1, %24, %out : f32
      %26 = arith.select %extracted_1, %14, %out_12 : f32
      %27 = arith.select %extracted_1, %18, %out_13 : f32
      linalg.yield %25, %26, %27 : f32, f32, f32
    } -> (tensor<32xf32>, tensor<32xf32>, tensor<32xf32>)
    return %10#0, %10#1, %10#2 : tensor<32xf32>, tensor<32xf32>, tensor<32xf32>
  }
  func.func private @opt_adamw_32x64(%arg0: tensor<32x64xf32>, %arg1: tensor<f32>, %arg2: tensor<f32>, %arg3: tensor<i1>, %arg4: tensor<i64>, %arg5: tensor<32x64xf32>, %arg6: tensor<32x64xf32>, %arg7: tensor<32x64xf32>) -> (tensor<32x64xf32>, tensor<32x64xf32>, tensor<32x64xf32>) attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %extracted = tensor.extract %arg1[] : tensor<f32>
    %extracted_0 = tensor.extract %arg2[] : tensor<f32>
    %extracted_1 = tensor.extract %arg3[] : tensor<i1>
    %extracted_2 = tensor.extract %arg4[] : tensor<i64>
    %c1_i64 = arith.constant 1 : i64
    %0 = arith.addi %extracted_2, %c1_i64 : i64
    %cst = arith.constant 1.000000e+00 : f64
    %1 = arith.extf %extracted_0 : f32 to f64
    %c1_i64_3 = arith.constant 1 : i64
    %c0 = arith.constant 0 : index
    %c63 = arith.constant 63 : index
    %c1 = arith.constant 1 : index
    %cst_4 = arith.constant 1.000000e+00 : f64
    %cst_5 = arith.constant 9.000000e-01 : f64
    %2:2 = scf.for %arg8 = %c0 to %c63 step %c1 iter_args(%arg9 = %cst_4, %arg10 = %cst_5) -> (f64, f64) {
      %11 = arith.index_cast %arg8 : index to i64
      %12 = arith.shrsi %0, %11 : i64
      %13 = arith.andi %12, %c1_i64_3 : i64
      %14 = arith.cmpi eq, %13, %c1_i64_3 : i64
      %15 = arith.mulf %arg9, %arg10 : f64
      %16 = arith.select %14, %15, %arg9 : f64
      %17 = arith.mulf %arg10, %arg10 : f64
      scf.yield %16, %17 : f64, f64
    }
    %3 = arith.subf %cst, %2#0 : f64
    %c1_i64_6 = arith.constant 1 : i64
    %c0_7 = arith.constant 0 : index
    %c63_8 = arith.constant 63 : index
    %c1_9 = arith.constant 1 : index
    %cst_10 = arith.constant 1.000000e+00 : f64
    %cst_11 = arith.constant 0.94999999999999996 : f64
    %4:2 = scf.for %arg8 = %c0_7 to %c63_8 step %c1_9 iter_args(%arg9 = %cst_10, %arg10 = %cst_11) -> (f64, f64) {
      %11 = arith.index_cast %arg8 : index to i64
      %12 = arith.shrsi %0, %11 : i64
      %13 = arith.andi %12, %c1_i64_6 : i64
      %14 = arith.cmpi eq, %13, %c1_i64_6 : i64
      %15 = arith.mulf %arg9, %arg10 : f64
      %16 = arith.select %14, %15, %arg9 : f64
      %17 = arith.mulf %arg10, %arg10 : f64
      scf.yield %16, %17 : f64, f64
    }
    %5 = arith.subf %cst, %4#0 : f64
    %6 = arith.divf %1, %3 : f64
    %7 = arith.truncf %6 : f64 to f32
    %8 = math.sqrt %5 : f64
    %9 = arith.truncf %8 : f64 to f32
    %10:3 = linalg.generic {indexing_maps = [#map4, #map4, #map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<32x64xf32>) outs(%arg5, %arg6, %arg7 : tensor<32x64xf32>, tensor<32x64xf32>, tensor<32x64xf32>) {
    ^bb0(%in: f32, %out: f32, %out_12: f32, %out_13: f32):
      %11 = arith.mulf %in, %extracted : f32
      %cst_14 = arith.constant 1.000000e+00 : f32
      %cst_15 = arith.constant 1.000000e-01 : f32
      %12 = arith.mulf %extracted_0, %cst_15 : f32
      %13 = arith.subf %cst_14, %12 : f32
      %14 = arith.mulf %out, %13 : f32
      %cst_16 = arith.constant 1.000000e-01 : f32
      %15 = arith.subf %11, %out_12 : f32
      %16 = arith.mulf %cst_16, %15 : f32
      %17 = arith.addf %out_12, %16 : f32
      %cst_17 = arith.constant 0.949999988 : f32
      %18 = arith.mulf %out_13, %cst_17 : f32
      %cst_18 = arith.constant 5.000000e-02 : f32
      %19 = arith.mulf %11, %11 : f32
      %20 = arith.mulf %cst_18, %19 : f32
      %21 = arith.addf %18, %20 : f32
      %cst_19 = arith.constant 9.99999993E-9 : f32
      %22 = math.sqrt %21 : f32
      %23 = arith.divf %22, %9 : f32
      %24 = arith.addf %23, %cst_19 : f32
      %25 = arith.divf %17, %24 : f32
      %26 = arith.mulf %7, %25 : f32
      %27 = arith.subf %14, %26 : f32
      %28 = arith.select %extracted_1, %27, %out : f32
      %29 = arith.select %extracted_1, %17, %out_12 : f32
      %30 = arith.select %extracted_1, %21, %out_13 : f32
      linalg.yield %28, %29, %30 : f32, f32, f32
    } -> (tensor<32x64xf32>, tensor<32x64xf32>, tensor<32x64xf32>)
    return %10#0, %10#1, %10#2 : tensor<32x64xf32>, tensor<32x64xf32>, tensor<32x64xf32>
  }
  func.func private @opt_adamw_64(%arg0: tensor<64xf32>, %arg1: tensor<f32>, %arg2: tensor<f32>, %arg3: tensor<i1>, %arg4: tensor<i64>, %arg5: tensor<64xf32>, %arg6: tensor<64xf32>, %arg7: tensor<64xf32>) -> (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>) attributes {mpt.kernel, mpt.rows = 64 : i64} {
    %extracted = tensor.extract %arg1[] : tensor<f32>
    %extracted_0 = tensor.extract %arg2[] : tensor<f32>
    %extracted_1 = tensor.extract %arg3[] : tensor<i1>
    %extracted_2 = tensor.extract %arg4[] : tensor<i64>
    %c1_i64 = arith.constant 1 : i64
    %0 = arith.addi %extracted_2, %c1_i64 : i64
    %cst = arith.constant 1.000000e+00 : f64
    %1 = arith.extf %extracted_0 : f32 to f64
    %c1_i64_3 = arith.constant 1 : i64
    %c0 = arith.constant 0 : index
    %c63 = arith.constant 63 : index
    %c1 = arith.constant 1 : index
    %cst_4 = arith.constant 1.000000e+00 : f64
    %cst_5 = arith.constant 9.000000e-01 : f64
    %2:2 = scf.for %arg8 = %c0 to %c63 step %c1 iter_args(%arg9 = %cst_4, %arg10 = %cst_5) -> (f64, f64) {
      %11 = arith.index_cast %arg8 : index to i64
      %12 = arith.shrsi %0, %11 : i64
      %13 = arith.andi %12, %c1_i64_3 : i64
      %14 = arith.cmpi eq, %13, %c1_i64_3 : i64
      %15 = arith.mulf %arg9, %arg10 : f64
      %16 = arith.select %14, %15, %arg9 : f64
      %17 = arith.mulf %arg10, %arg10 : f64
      scf.yield %16, %17 : f64, f64
    }
    %3 = arith.subf %cst, %2#0 : f64
    %c1_i64_6 = arith.constant 1 : i64
    %c0_7 = arith.constant 0 : index
    %c63_8 = arith.constant 63 : index
    %c1_9 = arith.constant 1 : index
    %cst_10 = arith.constant 1.000000e+00 : f64
    %cst_11 = arith.constant 0.94999999999999996 : f64
    %4:2 = scf.for %arg8 = %c0_7 to %c63_8 step %c1_9 iter_args(%arg9 = %cst_10, %arg10 = %cst_11) -> (f64, f64) {
      %11 = arith.index_cast %arg8 : index to i64
      %12 = arith.shrsi %0, %11 : i64
      %13 = arith.andi %12, %c1_i64_6 : i64
      %14 = arith.cmpi eq, %13, %c1_i64_6 : i64
      %15 = arith.mulf %arg9, %arg10 : f64
      %16 = arith.select %14, %15, %arg9 : f64
      %17 = arith.mulf %arg10, %arg10 : f64
      scf.yield %16, %17 : f64, f64
    }
    %5 = arith.subf %cst, %4#0 : f64
    %6 = arith.divf %1, %3 : f64
    %7 = arith.truncf %6 : f64 to f32
    %8 = math.sqrt %5 : f64
    %9 = arith.truncf %8 : f64 to f32
    %10:3 = linalg.generic {indexing_maps = [#map, #map, #map, #map], iterator_types = ["parallel"]} ins(%arg0 : tensor<64xf32>) outs(%arg5, %arg6, %arg7 : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>) {
    ^bb0(%in: f32, %out: f32, %out_12: f32, %out_13: f32):
      %11 = arith.mulf %in, %extracted : f32
      %cst_14 = arith.constant 1.000000e-01 : f32
      %12 = arith.subf %11, %out_12 : f32
      %13 = arith.mulf %cst_14, %12 : f32
      %14 = arith.addf %out_12, %13 : f32
      %cst_15 = arith.constant 0.949999988 : f32
      %15 = arith.mulf %out_13, %cst_15 : f32
      %cst_16 = arith.constant 5.000000e-02 : f32
      %16 = arith.mulf %11, %11 : f32
      %17 = arith.mulf %cst_16, %16 : f32
      %18 = arith.addf %15, %17 : f32
      %cst_17 = arith.constant 9.99999993E-9 : f32
      %19 = math.sqrt %18 : f32
      %20 = arith.divf %19, %9 : f32
      %21 = arith.addf %20, %cst_17 : f32
      %22 = arith.divf %14, %21 : f32
      %23 = arith.mulf %7, %22 : f32
      %24 = arith.subf %out, %23 : f32
      %25 = arith.select %extracted_1, %24, %out : f32
      %26 = arith.select %extracted_1, %14, %out_12 : f32
      %27 = arith.select %extracted_1, %18, %out_13 : f32
      linalg.yield %25, %26, %27 : f32, f32, f32
    } -> (tensor<64xf32>, tensor<64xf32>, tensor<64xf32>)
    return %10#0, %10#1, %10#2 : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>
  }
  func.func private @opt_adamw_64x32(%arg0: tensor<64x32xf32>, %arg1: tensor<f32>, %arg2: tensor<f32>, %arg3: tensor<i1>, %arg4: tensor<i64>, %arg5: tensor<64x32xf32>, %arg6: tensor<64x32xf32>, %arg7: tensor<64x32xf32>) -> (tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>) attributes {mpt.kernel, mpt.rows = 64 : i64} {
    %extracted = tensor.extract %arg1[] : tensor<f32>
    %extracted_0 = tensor.extract %arg2[] : tensor<f32>
    %extracted_1 = tensor.extract %arg3[] : tensor<i1>
    %extracted_2 = tensor.extract %arg4[] : tensor<i64>
    %c1_i64 = arith.constant 1 : i64
    %0 = arith.addi %extracted_2, %c1_i64 : i64
    %cst = arith.constant 1.000000e+00 : f64
    %1 = arith.extf %extracted_0 : f32 to f64
    %c1_i64_3 = arith.constant 1 : i64
    %c0 = arith.constant 0 : index
    %c63 = arith.constant 63 : index
    %c1 = arith.constant 1 : index
    %cst_4 = arith.constant 1.000000e+00 : f64
    %cst_5 = arith.constant 9.000000e-01 : f64
    %2:2 = scf.for %arg8 = %c0 to %c63 step %c1 iter_args(%arg9 = %cst_4, %arg10 = %cst_5) -> (f64, f64) {
      %11 = arith.index_cast %arg8 : index to i64
      %12 = arith.shrsi %0, %11 : i64
      %13 = arith.andi %12, %c1_i64_3 : i64
      %14 = arith.cmpi eq, %13, %c1_i64_3 : i64
      %15 = arith.mulf %arg9, %arg10 : f64
      %16 = arith.select %14, %15, %arg9 : f64
      %17 = arith.mulf %arg10, %arg10 : f64
      scf.yield %16, %17 : f64, f64
    }
    %3 = arith.subf %cst, %2#0 : f64
    %c1_i64_6 = arith.constant 1 : i64
    %c0_7 = arith.constant 0 : index
    %c63_8 = arith.constant 63 : index
    %c1_9 = arith.constant 1 : index
    %cst_10 = arith.constant 1.000000e+00 : f64
    %cst_11 = arith.constant 0.94999999999999996 : f64
    %4:2 = scf.for %arg8 = %c0_7 to %c63_8 step %c1_9 iter_args(%arg9 = %cst_10, %arg10 = %cst_11) -> (f64, f64) {
      %11 = arith.index_cast %arg8 : index to i64
      %12 = arith.shrsi %0, %11 : i64
      %13 = arith.andi %12, %c1_i64_6 : i64
      %14 = arith.cmpi eq, %13, %c1_i64_6 : i64
      %15 = arith.mulf %arg9, %arg10 : f64
      %16 = arith.select %14, %15, %arg9 : f64
      %17 = arith.mulf %arg10, %arg10 : f64
      scf.yield %16, %17 : f64, f64
    }
    %5 = arith.subf %cst, %4#0 : f64
    %6 = arith.divf %1, %3 : f64
    %7 = arith.truncf %6 : f64 to f32
    %8 = math.sqrt %5 : f64
    %9 = arith.truncf %8 : f64 to f32
    %10:3 = linalg.generic {indexing_maps = [#map4, #map4, #map4, #map4], iterator_types = ["parallel", "parallel"]} ins(%arg0 : tensor<64x32xf32>) outs(%arg5, %arg6, %arg7 : tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>) {
    ^bb0(%in: f32, %out: f32, %out_12: f32, %out_13: f32):
      %11 = arith.mulf %in, %extracted : f32
      %cst_14 = arith.constant 1.000000e+00 : f32
      %cst_15 = arith.constant 1.000000e-01 : f32
      %12 = arith.mulf %extracted_0, %cst_15 : f32
      %13 = arith.subf %cst_14, %12 : f32
      %14 = arith.mulf %out, %13 : f32
      %cst_16 = arith.constant 1.000000e-01 : f32
      %15 = arith.subf %11, %out_12 : f32
      %16 = arith.mulf %cst_16, %15 : f32
      %17 = arith.addf %out_12, %16 : f32
      %cst_17 = arith.constant 0.949999988 : f32
      %18 = arith.mulf %out_13, %cst_17 : f32
      %cst_18 = arith.constant 5.000000e-02 : f32
      %19 = arith.mulf %11, %11 : f32
      %20 = arith.mulf %cst_18, %19 : f32
      %21 = arith.addf %18, %20 : f32
      %cst_19 = arith.constant 9.99999993E-9 : f32
      %22 = math.sqrt %21 : f32
      %23 = arith.divf %22, %9 : f32
      %24 = arith.addf %23, %cst_19 : f32
      %25 = arith.divf %17, %24 : f32
      %26 = arith.mulf %7, %25 : f32
      %27 = arith.subf %14, %26 : f32
      %28 = arith.select %extracted_1, %27, %out : f32
      %29 = arith.select %extracted_1, %17, %out_12 : f32
      %30 = arith.select %extracted_1, %21, %out_13 : f32
      linalg.yield %28, %29, %30 : f32, f32, f32
    } -> (tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>)
    return %10#0, %10#1, %10#2 : tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>
  }
  func.func private @constant_32(%arg0: tensor<32xf32>) -> tensor<32xf32> attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg0 : tensor<32xf32>) -> tensor<32xf32>
    return %0 : tensor<32xf32>
  }
  func.func private @constant_32x64(%arg0: tensor<32x64xf32>) -> tensor<32x64xf32> attributes {mpt.kernel, mpt.rows = 32 : i64} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg0 : tensor<32x64xf32>) -> tensor<32x64xf32>
    return %0 : tensor<32x64xf32>
  }
  func.func private @constant_64(%arg0: tensor<64xf32>) -> tensor<64xf32> attributes {mpt.kernel, mpt.rows = 64 : i64} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg0 : tensor<64xf32>) -> tensor<64xf32>
    return %0 : tensor<64xf32>
  }
  func.func private @constant_64x32(%arg0: tensor<64x32xf32>) -> tensor<64x32xf32> attributes {mpt.kernel, mpt.rows = 64 : i64} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg0 : tensor<64x32xf32>) -> tensor<64x32xf32>
    return %0 : tensor<64x32xf32>
  }
  func.func private @mul(%arg0: tensor<f32>, %arg1: tensor<f32>, %arg2: tensor<f32>) -> tensor<f32> attributes {mpt.kernel} {
    %0 = linalg.generic {indexing_maps = [#map2, #map2, #map2], iterator_types = []} ins(%arg0, %arg1 : tensor<f32>, tensor<f32>) outs(%arg2 : tensor<f32>) {
    ^bb0(%in: f32, %in_0: f32, %out: f32):
      %1 = arith.mulf %in, %in_0 : f32
      linalg.yield %1 : f32
    } -> tensor<f32>
    return %0 : tensor<f32>
  }
  func.func private @totals_15_0(%arg0: tensor<f32>, %arg1: tensor<f32>, %arg2: tensor<f32>, %arg3: i64, %arg4: tensor<f32>, %arg5: tensor<f32>, %arg6: i64, %arg7: tensor<f32>, %arg8: tensor<f32>, %arg9: tensor<f32>, %arg10: tensor<15xf32>) -> tensor<15xf32> attributes {mpt.kernel} {
    %extracted = tensor.extract %arg0[] : tensor<f32>
    %extracted_0 = tensor.extract %arg1[] : tensor<f32>
    %extracted_1 = tensor.extract %arg2[] : tensor<f32>
    %c0_i64 = arith.constant 0 : i64
    %0 = arith.cmpi eq, %arg3, %c0_i64 : i64
    %extracted_2 = tensor.extract %arg4[] : tensor<f32>
    %c0_i64_3 = arith.constant 0 : i64
    %1 = arith.cmpi eq, %arg3, %c0_i64_3 : i64
    %extracted_4 = tensor.extract %arg5[] : tensor<f32>
    %c0_i64_5 = arith.constant 0 : i64
    %2 = arith.cmpi eq, %arg6, %c0_i64_5 : i64
    %extracted_6 = tensor.extract %arg7[] : tensor<f32>
    %c0_i64_7 = arith.constant 0 : i64
    %3 = arith.cmpi eq, %arg6, %c0_i64_7 : i64
    %extracted_8 = tensor.extract %arg8[] : tensor<f32>
    %c0_i64_9 = arith.constant 0 : i64
    %4 = arith.cmpi eq, %arg6, %c0_i64_9 : i64
    %extracted_10 = tensor.extract %arg9[] : tensor<f32>
    %c0_i64_11 = arith.constant 0 : i64
    %5 = arith.cmpi eq, %arg3, %c0_i64_11 : i64
    %cst = arith.constant 0.000000e+00 : f32
    %6 = linalg.fill ins(%cst : f32) outs(%arg10 : tensor<15xf32>) -> tensor<15xf32>
    %c0 = arith.constant 0 : index
    %inserted = tensor.insert %extracted into %6[%c0] : tensor<15xf32>
    %c1 = arith.constant 1 : index
    %inserted_12 = tensor.insert %extracted_0 into %inserted[%c1] : tensor<15xf32>
    %cst_13 = arith.constant 0.000000e+00 : f32
    %7 = arith.select %0, %extracted_1, %cst_13 : f32
    %c9 = arith.constant 9 : index
    %inserted_14 = tensor.insert %7 into %inserted_12[%c9] : tensor<15xf32>
    %cst_15 = arith.constant 0.000000e+00 : f32
    %8 = arith.select %1, %extracted_2, %cst_15 : f32
    %c10 = arith.constant 10 : index
    %inserted_16 = tensor.insert %8 into %inserted_14[%c10] : tensor<15xf32>
    %cst_17 = arith.constant 0.000000e+00 : f32
    %9 = arith.select %2, %extracted_4, %cst_17 : f32
    %c11 = arith.constant 11 : index
    %inserted_18 = tensor.insert %9 into %inserted_16[%c11] : tensor<15xf32>
    %cst_19 = arith.constant 0.000000e+00 : f32
    %10 = arith.select %3, %extracted_6, %cst_19 : f32
    %c12 = arith.constant 12 : index
    %inserted_20 = tensor.insert %10 into %inserted_18[%c12] : tensor<15xf32>
    %cst_21 = arith.constant 0.000000e+00 : f32
    %11 = arith.select %4, %extracted_8, %cst_21 : f32
    %c13 = arith.constant 13 : index
    %inserted_22 = tensor.insert %11 into %inserted_20[%c13] : tensor<15xf32>
    %cst_23 = arith.constant 0.000000e+00 : f32
    %12 = arith.select %5, %extracted_10, %cst_23 : f32
    %c14 = arith.constant 14 : index
    %inserted_24 = tensor.insert %12 into %inserted_22[%c14] : tensor<15xf32>
    return %inserted_24 : tensor<15xf32>
  }
  func.func private @constant(%arg0: tensor<f32>) -> tensor<f32> attributes {mpt.kernel} {
    %cst = arith.constant 0.000000e+00 : f32
    %0 = linalg.fill ins(%cst : f32) outs(%arg0 : tensor<f32>) -> tensor<f32>
    return %0 : tensor<f32>
  }
}

