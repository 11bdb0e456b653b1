// RUN: mpt-opt %s --verify-roundtrip -o /dev/null
module @mlp attributes {mpt.config = {clip = 1.000000e+00 : f64, loss = "cross_entropy(logits,labels){ignore_index=-100}", mesh = {dp = 2 : i64, pp = 2 : i64, tp = 2 : i64}, microbatches = 2 : i64, model = "/models/mlp.onnx", optimizer = "adamw{betas=[0.9,0.95],eps=1e-8,weight_decay=0.1}", precision = "f32", schedule = "1f1b", target = "cpu"}, mpt.inputs = [{name = "tokens", type = tensor<8x16xi64, #mpt.s<[{"micro"=2,"dp"=2}, {}]>>}, {label, name = "labels", type = tensor<8x16xi64, #mpt.s<[{"micro"=2,"dp"=2}, {}]>>}], mpt.phase = "localize"} {
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
    %0 = mpt.label_weight %arg0 {id = 21, ignore_index = -100} : tensor<4x16xi64> -> tensor<f32>
    %1 = mpt.constant {id = 22, value = 1.000000e+00 : f32} : tensor<f32>
    %2 = mpt.all_reduce sum %0 over ["dp"] {bytes = 4} : tensor<f32>
    %3 = mpt.div %1, %2 {id = 23} : tensor<f32>
    return %3 : tensor<f32>
  }
  func.func @s0_F(%arg0: tensor<32x32xf32> {mpt.state = @wte}, %arg1: tensor<32xf32> {mpt.state = @blocks.0.norm.weight}, %arg2: tensor<32xf32> {mpt.state = @blocks.0.norm.bias}, %arg3: tensor<32x64xf32> {mpt.state = @blocks.0.fc.weight}, %arg4: tensor<64xf32> {mpt.state = @blocks.0.fc.bias}, %arg5: tensor<64x32xf32> {mpt.state = @blocks.0.proj.weight}, %arg6: tensor<32xf32> {mpt.state = @blocks.0.proj.bias}, %arg7: tensor<2x16xi64> {mpt.input = "tokens"}) -> (tensor<2x16x32xf32> {mpt.send = @h1}, tensor<2x16x32xf32> {mpt.save = "v0.full"}, tensor<2x16x32xf32> {mpt.save = "v1"}, tensor<2x16xf32> {mpt.save = "v1.1"}, tensor<2x16xf32> {mpt.save = "v1.2"}, tensor<2x16x64xf32> {mpt.save = "v4"}) {
    %0 = mpt.shard_offset {axes = ["tp"], id = 0, size = 64, stage = 0} : tensor<i64>
    %1 = mpt.take %arg0, %arg7, %0 {axis = 0, id = 0, stage = 0} : tensor<32x32xf32>, tensor<2x16xi64>, tensor<i64> -> tensor<2x16x32xf32>
    %2 = mpt.all_reduce sum %1 over ["tp"] {bytes = 4096, stage = 0} : tensor<2x16x32xf32>
    mpt.point 0
    %result, %mean, %rstd = mpt.layer_norm %2, %arg1, %arg2 {axis = 2, eps = 1.000000e-05, id = 1, stage = 0} : tensor<2x16x32xf32>, tensor<32xf32>, tensor<32xf32> -> tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x16xf32>
    %3 = mpt.dot_general %result, %arg3 contract [2] x [0] {id = 2, stage = 0} : tensor<2x16x32xf32>, tensor<32x64xf32> -> tensor<2x16x64xf32>
    %4 = mpt.broadcast %arg4 {dims = [2], id = 3} : tensor<64xf32> -> tensor<2x16x64xf32>
    %5 = mpt.add %3, %4 {id = 4, stage = 0} : tensor<2x16x64xf32>
    %6 = mpt.gelu %5 {approx = "none", id = 5, stage = 0} : tensor<2x16x64xf32>
    %7 = mpt.dot_general %6, %arg5 contract [2] x [0] {id = 6, stage = 0} : tensor<2x16x64xf32>, tensor<64x32xf32> -> tensor<2x16x32xf32>
    %8 = mpt.all_reduce sum %7 over ["tp"] {bytes = 4096, stage = 0} : tensor<2x16x32xf32>
    mpt.point 1
    %9 = mpt.broadcast %arg6 {dims = [2], id = 7} : tensor<32xf32> -> tensor<2x16x32xf32>
    %10 = mpt.add %8, %9 {id = 8, stage = 0} : tensor<2x16x32xf32>
    %11 = mpt.add %2, %10 {id = 9, stage = 0} : tensor<2x16x32xf32>
    return %11, %2, %result, %mean, %rstd, %5 : tensor<2x16x32xf32>, tensor<2x16x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16x64xf32>
  }
  func.func @s1_F(%arg0: tensor<32x32xf32> {mpt.state = @wte}, %arg1: tensor<32xf32> {mpt.state = @blocks.1.norm.weight}, %arg2: tensor<32xf32> {mpt.state = @blocks.1.norm.bias}, %arg3: tensor<32x64xf32> {mpt.state = @blocks.1.fc.weight}, %arg4: tensor<64xf32> {mpt.state = @blocks.1.fc.bias}, %arg5: tensor<64x32xf32> {mpt.state = @blocks.1.proj.weight}, %arg6: tensor<32xf32> {mpt.state = @blocks.1.proj.bias}, %arg7: tensor<2x16x32xf32> {mpt.recv = @h1}, %arg8: tensor<2x16xi64> {mpt.input = "labels"}, %arg9: tensor<f32> {mpt.acc = "loss"}) -> (tensor<f32> {mpt.acc = "loss"}, tensor<2x16x32xf32> {mpt.save = "h1"}, tensor<2x16x32xf32> {mpt.save = "v10"}, tensor<2x16xf32> {mpt.save = "v10.1"}, tensor<2x16xf32> {mpt.save = "v10.2"}, tensor<2x16x64xf32> {mpt.save = "v13"}, tensor<2x16x32xf32> {mpt.save = "v18"}, tensor<2x16x32xf32> {mpt.save = "v19"}, tensor<2x16xf32> {mpt.save = "v20.1"}) {
    %result, %mean, %rstd = mpt.layer_norm %arg7, %arg1, %arg2 {axis = 2, eps = 1.000000e-05, id = 10, stage = 1} : tensor<2x16x32xf32>, tensor<32xf32>, tensor<32xf32> -> tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x16xf32>
    %0 = mpt.dot_general %result, %arg3 contract [2] x [0] {id = 11, stage = 1} : tensor<2x16x32xf32>, tensor<32x64xf32> -> tensor<2x16x64xf32>
    %1 = mpt.broadcast %arg4 {dims = [2], id = 12} : tensor<64xf32> -> tensor<2x16x64xf32>
    %2 = mpt.add %0, %1 {id = 13, stage = 1} : tensor<2x16x64xf32>
    %3 = mpt.gelu %2 {approx = "none", id = 14, stage = 1} : tensor<2x16x64xf32>
    %4 = mpt.dot_general %3, %arg5 contract [2] x [0] {id = 15, stage = 1} : tensor<2x16x64xf32>, tensor<64x32xf32> -> tensor<2x16x32xf32>
    %5 = mpt.all_reduce sum %4 over ["tp"] {bytes = 4096, stage = 1} : tensor<2x16x32xf32>
    mpt.point 0
    %6 = mpt.broadcast %arg6 {dims = [2], id = 16} : tensor<32xf32> -> tensor<2x16x32xf32>
    %7 = mpt.add %5, %6 {id = 17, stage = 1} : tensor<2x16x32xf32>
    %8 = mpt.add %arg7, %7 {id = 18, stage = 1} : tensor<2x16x32xf32>
    %9 = mpt.dot_general %8, %arg0 contract [2] x [1] {id = 19, stage = 1} : tensor<2x16x32xf32>, tensor<32x32xf32> -> tensor<2x16x32xf32>
    %10 = mpt.shard_offset {axes = ["tp"], id = 20, size = 64, stage = 1} : tensor<i64>
    %max, %sum, %target = mpt.cross_entropy.local %9, %arg8, %10 {id = 20, stage = 1} : tensor<2x16x32xf32>, tensor<2x16xi64>, tensor<i64> -> tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xf32>
    %11 = mpt.all_reduce max %max over ["tp"] {bytes = 128, id = 20, stage = 1} : tensor<2x16xf32>
    mpt.point 1
    %12 = mpt.sub %max, %11 {id = 20, stage = 1} : tensor<2x16xf32>
    %13 = mpt.exp %12 {id = 20, stage = 1} : tensor<2x16xf32>
    %14 = mpt.mul %sum, %13 {id = 20, stage = 1} : tensor<2x16xf32>
    %15 = mpt.all_reduce sum %14 over ["tp"] {bytes = 128, id = 20, stage = 1} : tensor<2x16xf32>
    mpt.point 2
    %16 = mpt.log %15 {id = 20, stage = 1} : tensor<2x16xf32>
    %17 = mpt.add %11, %16 {id = 20, stage = 1} : tensor<2x16xf32>
    %18 = mpt.mask_replicas %17 {axes = ["tp"], id = 20, stage = 1} : tensor<2x16xf32>
    %19 = mpt.cross_entropy.finish %18, %target, %arg8 {id = 20, ignore_index = -100, stage = 1} : tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16xi64> -> tensor<f32>
    %20 = mpt.accumulate %arg9, %19 : tensor<f32>
    mpt.point 3
    return %20, %arg7, %result, %mean, %rstd, %2, %8, %9, %17 : tensor<f32>, tensor<2x16x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<2x16x64xf32>, tensor<2x16x32xf32>, tensor<2x16x32xf32>, tensor<2x16xf32>
  }
  func.func @s1_B(%arg0: tensor<32x32xf32> {mpt.state = @wte}, %arg1: tensor<32xf32> {mpt.state = @blocks.1.norm.weight}, %arg2: tensor<32x64xf32> {mpt.state = @blocks.1.fc.weight}, %arg3: tensor<64x32xf32> {mpt.state = @blocks.1.proj.weight}, %arg4: tensor<2x16x32xf32> {mpt.save = "h1"}, %arg5: tensor<2x16x32xf32> {mpt.save = "v10"}, %arg6: tensor<2x16xf32> {mpt.save = "v10.1"}, %arg7: tensor<2x16xf32> {mpt.save = "v10.2"}, %arg8: tensor<2x16x64xf32> {mpt.save = "v13"}, %arg9: tensor<2x16x32xf32> {mpt.save = "v18"}, %arg10: tensor<2x16x32xf32> {mpt.save = "v19"}, %arg11: tensor<2x16xf32> {mpt.save = "v20.1"}, %arg12: tensor<2x16xi64> {mpt.input = "labels"}, %arg13: tensor<f32> {mpt.once = "v23"}, %arg14: tensor<32x32xf32> {mpt.acc = @wte}, %arg15: tensor<32xf32> {mpt.acc = @blocks.1.norm.weight}, %arg16: tensor<32xf32> {mpt.acc = @blocks.1.norm.bias}, %arg17: tensor<32x64xf32> {mpt.acc = @blocks.1.fc.weight}, %arg18: tensor<64xf32> {mpt.acc = @blocks.1.fc.bias}, %arg19: tensor<64x32xf32> {mpt.acc = @blocks.1.proj.weight}, %arg20: tensor<32xf32> {mpt.acc = @blocks.1.proj.bias}) -> (tensor<2x16x32xf32> {mpt.send = @dh1}, tensor<32x32xf32> {mpt.acc = @wte}, tensor<32xf32> {mpt.acc = @blocks.1.norm.weight}, tensor<32xf32> {mpt.acc = @blocks.1.norm.bias}, tensor<32x64xf32> {mpt.acc = @blocks.1.fc.weight}, tensor<64xf32> {mpt.acc = @blocks.1.fc.bias}, tensor<64x32xf32> {mpt.acc = @blocks.1.proj.weight}, tensor<32xf32> {mpt.acc = @blocks.1.proj.bias}) {
    %0 = mpt.shard_offset {adjoint_of = 20, axes = ["tp"], id = 25, size = 64} : tensor<i64>
    %1 = mpt.cross_entropy_grad %arg10, %arg12, %arg11, %arg13, %0 {adjoint_of = 20, id = 25, ignore_index = -100} : tensor<2x16x32xf32>, tensor<2x16xi64>, tensor<2x16xf32>, tensor<f32>, tensor<i64> -> tensor<2x16x32xf32>
    %2 = mpt.dot_general %1, %arg0 contract [2] x [0] {adjoint_of = 19, id = 26} : tensor<2x16x32xf32>, tensor<32x32xf32> -> tensor<2x16x32xf32>
    %3 = mpt.all_reduce sum %2 over ["tp"] {adjoint_of = 19, bytes = 4096} : tensor<2x16x32xf32>
    mpt.point 0
    %4 = mpt.dot_general %1, %arg9 contract [0, 1] x [0, 1] {adjoint_of = 19, id = 27} : tensor<2x16x32xf32>, tensor<2x16x32xf32> -> tensor<32x32xf32>
    %5 = mpt.accumulate %arg14, %4 : tensor<32x32xf32>
    mpt.point 1
    %6 = mpt.reduce sum %3 {adjoint_of = 16, axes = [0, 1], id = 28} : tensor<2x16x32xf32> -> tensor<32xf32>
    %7 = mpt.accumulate %arg20, %6 : tensor<32xf32>
    mpt.point 2
    %8 = mpt.dot_general %3, %arg3 contract [2] x [1] {adjoint_of = 15, id = 29} : tensor<2x16x32xf32>, tensor<64x32xf32> -> tensor<2x16x64xf32>
    %9 = mpt.gelu %arg8 {approx = "none", id = 14, recompute, stage = 1} : tensor<2x16x64xf32>
    %10 = mpt.dot_general %9, %3 contract [0, 1] x [0, 1] {adjoint_of = 15, id = 30} : tensor<2x16x64xf32>, tensor<2x16x32xf32> -> tensor<64x32xf32>
    %11 = mpt.accumulate %arg19, %10 : tensor<64x32xf32>
    mpt.point 3
    %12 = mpt.gelu_grad %arg8, %8 {adjoint_of = 14, approx = "none", id = 31} : tensor<2x16x64xf32>
    %13 = mpt.reduce sum %12 {adjoint_of = 12, axes = [0, 1], id = 32} : tensor<2x16x64xf32> -> tensor<64xf32>
    %14 = mpt.accumulate %arg18, %13 : tensor<64xf32>
    mpt.point 4
    %15 = mpt.dot_general %12, %arg2 contract [2] x [1] {adjoint_of = 11, id = 33} : tensor<2x16x64xf32>, tensor<32x64xf32> -> tensor<2x16x32xf32>
    %16 = mpt.all_reduce sum %15 over ["tp"] {adjoint_of = 11, bytes = 4096} : tensor<2x16x32xf32>
    mpt.point 5
    %17 = mpt.dot_general %arg5, %12 contract [0, 1] x [0, 1] {adjoint_of = 11, id = 34} : tensor<2x16x32xf32>, tensor<2x16x64xf32> -> tensor<32x64xf32>
    %18 = mpt.accumulate %arg17, %17 : tensor<32x64xf32>
    mpt.point 6
    %dx, %dscale, %dbias = mpt.layer_norm_grad %arg4, %arg6, %arg7, %arg1, %16 {adjoint_of = 10, axis = 2, id = 35} : tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<32xf32>, tensor<2x16x32xf32> -> tensor<2x16x32xf32>, tensor<32xf32>, tensor<32xf32>
    %19 = mpt.accumulate %arg15, %dscale : tensor<32xf32>
    mpt.point 7
    %20 = mpt.accumulate %arg16, %dbias : tensor<32xf32>
    mpt.point 8
    %21 = mpt.sum %3, %dx {id = 36} : tensor<2x16x32xf32>
    return %21, %5, %19, %20, %18, %14, %11, %7 : tensor<2x16x32xf32>, tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>
  }
  func.func @s0_B(%arg0: tensor<32xf32> {mpt.state = @blocks.0.norm.weight}, %arg1: tensor<32x64xf32> {mpt.state = @blocks.0.fc.weight}, %arg2: tensor<64x32xf32> {mpt.state = @blocks.0.proj.weight}, %arg3: tensor<2x16x32xf32> {mpt.save = "v0.full"}, %arg4: tensor<2x16x32xf32> {mpt.save = "v1"}, %arg5: tensor<2x16xf32> {mpt.save = "v1.1"}, %arg6: tensor<2x16xf32> {mpt.save = "v1.2"}, %arg7: tensor<2x16x64xf32> {mpt.save = "v4"}, %arg8: tensor<2x16xi64> {mpt.input = "tokens"}, %arg9: tensor<2x16x32xf32> {mpt.recv = @dh1}, %arg10: tensor<32x32xf32> {mpt.acc = @wte}, %arg11: tensor<32xf32> {mpt.acc = @blocks.0.norm.weight}, %arg12: tensor<32xf32> {mpt.acc = @blocks.0.norm.bias}, %arg13: tensor<32x64xf32> {mpt.acc = @blocks.0.fc.weight}, %arg14: tensor<64xf32> {mpt.acc = @blocks.0.fc.bias}, %arg15: tensor<64x32xf32> {mpt.acc = @blocks.0.proj.weight}, %arg16: tensor<32xf32> {mpt.acc = @blocks.0.proj.bias}) -> (tensor<32x32xf32> {mpt.acc = @wte}, tensor<32xf32> {mpt.acc = @blocks.0.norm.weight}, tensor<32xf32> {mpt.acc = @blocks.0.norm.bias}, tensor<32x64xf32> {mpt.acc = @blocks.0.fc.weight}, tensor<64xf32> {mpt.acc = @blocks.0.fc.bias}, tensor<64x32xf32> {mpt.acc = @blocks.0.proj.weight}, tensor<32xf32> {mpt.acc = @blocks.0.proj.bias}) {
    %0 = mpt.reduce sum %arg9 {adjoint_of = 7, axes = [0, 1], id = 37} : tensor<2x16x32xf32> -> tensor<32xf32>
    %1 = mpt.accumulate %arg16, %0 : tensor<32xf32>
    mpt.point 0
    %2 = mpt.dot_general %arg9, %arg2 contract [2] x [1] {adjoint_of = 6, id = 38} : tensor<2x16x32xf32>, tensor<64x32xf32> -> tensor<2x16x64xf32>
    %3 = mpt.gelu %arg7 {approx = "none", id = 5, recompute, stage = 0} : tensor<2x16x64xf32>
    %4 = mpt.dot_general %3, %arg9 contract [0, 1] x [0, 1] {adjoint_of = 6, id = 39} : tensor<2x16x64xf32>, tensor<2x16x32xf32> -> tensor<64x32xf32>
    %5 = mpt.accumulate %arg15, %4 : tensor<64x32xf32>
    mpt.point 1
    %6 = mpt.gelu_grad %arg7, %2 {adjoint_of = 5, approx = "none", id = 40} : tensor<2x16x64xf32>
    %7 = mpt.reduce sum %6 {adjoint_of = 3, axes = [0, 1], id = 41} : tensor<2x16x64xf32> -> tensor<64xf32>
    %8 = mpt.accumulate %arg14, %7 : tensor<64xf32>
    mpt.point 2
    %9 = mpt.dot_general %6, %arg1 contract [2] x [1] {adjoint_of = 2, id = 42} : tensor<2x16x64xf32>, tensor<32x64xf32> -> tensor<2x16x32xf32>
    %10 = mpt.all_reduce sum %9 over ["tp"] {adjoint_of = 2, bytes = 4096} : tensor<2x16x32xf32>
    mpt.point 3
    %11 = mpt.dot_general %arg4, %6 contract [0, 1] x [0, 1] {adjoint_of = 2, id = 43} : tensor<2x16x32xf32>, tensor<2x16x64xf32> -> tensor<32x64xf32>
    %12 = mpt.accumulate %arg13, %11 : tensor<32x64xf32>
    mpt.point 4
    %dx, %dscale, %dbias = mpt.layer_norm_grad %arg3, %arg5, %arg6, %arg0, %10 {adjoint_of = 1, axis = 2, id = 44} : tensor<2x16x32xf32>, tensor<2x16xf32>, tensor<2x16xf32>, tensor<32xf32>, tensor<2x16x32xf32> -> tensor<2x16x32xf32>, tensor<32xf32>, tensor<32xf32>
    %13 = mpt.accumulate %arg11, %dscale : tensor<32xf32>
    mpt.point 5
    %14 = mpt.accumulate %arg12, %dbias : tensor<32xf32>
    mpt.point 6
    %15 = mpt.sum %arg9, %dx {id = 45} : tensor<2x16x32xf32>
    %16 = mpt.constant {adjoint_of = 0, id = 46, value = 0.000000e+00 : f32} : tensor<32x32xf32>
    %17 = mpt.shard_offset {adjoint_of = 0, axes = ["tp"], id = 47, size = 64} : tensor<i64>
    %18 = mpt.scatter_rows add %16, %arg8, %15, %17 {adjoint_of = 0, axis = 0, id = 47} : tensor<32x32xf32>, tensor<2x16xi64>, tensor<2x16x32xf32>, tensor<i64> -> tensor<32x32xf32>
    %19 = mpt.accumulate %arg10, %18 : tensor<32x32xf32>
    mpt.point 7
    return %19, %13, %14, %12, %8, %5, %1 : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>
  }
  func.func @s0_RS(%arg0: tensor<32x32xf32> {mpt.recv = @wte.tie}, %arg1: tensor<32xf32> {mpt.acc = @blocks.0.norm.weight}, %arg2: tensor<32xf32> {mpt.acc = @blocks.0.norm.bias}, %arg3: tensor<32x64xf32> {mpt.acc = @blocks.0.fc.weight}, %arg4: tensor<64xf32> {mpt.acc = @blocks.0.fc.bias}, %arg5: tensor<64x32xf32> {mpt.acc = @blocks.0.proj.weight}, %arg6: tensor<32xf32> {mpt.acc = @blocks.0.proj.bias}) -> (tensor<32x32xf32> {mpt.grad = @wte}, tensor<32xf32> {mpt.grad = @blocks.0.norm.weight}, tensor<32xf32> {mpt.grad = @blocks.0.norm.bias}, tensor<32x64xf32> {mpt.grad = @blocks.0.fc.weight}, tensor<64xf32> {mpt.grad = @blocks.0.fc.bias}, tensor<64x32xf32> {mpt.grad = @blocks.0.proj.weight}, tensor<32xf32> {mpt.grad = @blocks.0.proj.bias}) {
    %0:7 = mpt.all_reduce sum %arg0, %arg1, %arg2, %arg3, %arg4, %arg5, %arg6 over ["dp"] {bucket = 0, bytes = 21120} : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32> -> tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>
    return %0#0, %0#1, %0#2, %0#3, %0#4, %0#5, %0#6 : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>
  }
  func.func @s0_NORM(%arg0: tensor<32x32xf32> {mpt.grad = @wte}, %arg1: tensor<32xf32> {mpt.grad = @blocks.0.norm.weight}, %arg2: tensor<32xf32> {mpt.grad = @blocks.0.norm.bias}, %arg3: tensor<32x64xf32> {mpt.grad = @blocks.0.fc.weight}, %arg4: tensor<64xf32> {mpt.grad = @blocks.0.fc.bias}, %arg5: tensor<64x32xf32> {mpt.grad = @blocks.0.proj.weight}, %arg6: tensor<32xf32> {mpt.grad = @blocks.0.proj.bias}, %arg7: tensor<f32> {mpt.state = @step.stop}) -> (tensor<15xf32> {mpt.send = @totals}) {
    %0 = mpt.sum_squares %arg0 : tensor<32x32xf32> -> tensor<f32>
    %1 = mpt.sum_squares %arg1 : tensor<32xf32> -> tensor<f32>
    %2 = mpt.sum_squares %arg2 : tensor<32xf32> -> tensor<f32>
    %3 = mpt.sum_squares %arg3 : tensor<32x64xf32> -> tensor<f32>
    %4 = mpt.sum_squares %arg4 : tensor<64xf32> -> tensor<f32>
    %5 = mpt.sum_squares %arg5 : tensor<64x32xf32> -> tensor<f32>
    %6 = mpt.sum_squares %arg6 : tensor<32xf32> -> tensor<f32>
    %7 = mpt.totals %arg7, %0, %1, %2, %3, %4, %5, %6 {at = [1, 2, 3, 4, 5, 6, 7, 8], once = [[], ["dp"], ["dp", "tp"], ["dp", "tp"], ["dp"], ["dp"], ["dp"], ["dp", "tp"]], width = 15} : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32> -> tensor<15xf32>
    return %7 : tensor<15xf32>
  }
  func.func @s0_OPT(%arg0: tensor<15xf32> {mpt.recv = @totals}, %arg1: tensor<32x32xf32> {mpt.state = @wte}, %arg2: tensor<32xf32> {mpt.state = @blocks.0.norm.weight}, %arg3: tensor<32xf32> {mpt.state = @blocks.0.norm.bias}, %arg4: tensor<32x64xf32> {mpt.state = @blocks.0.fc.weight}, %arg5: tensor<64xf32> {mpt.state = @blocks.0.fc.bias}, %arg6: tensor<64x32xf32> {mpt.state = @blocks.0.proj.weight}, %arg7: tensor<32xf32> {mpt.state = @blocks.0.proj.bias}, %arg8: tensor<32x32xf32> {mpt.grad = @wte}, %arg9: tensor<32xf32> {mpt.grad = @blocks.0.norm.weight}, %arg10: tensor<32xf32> {mpt.grad = @blocks.0.norm.bias}, %arg11: tensor<32x64xf32> {mpt.grad = @blocks.0.fc.weight}, %arg12: tensor<64xf32> {mpt.grad = @blocks.0.fc.bias}, %arg13: tensor<64x32xf32> {mpt.grad = @blocks.0.proj.weight}, %arg14: tensor<32xf32> {mpt.grad = @blocks.0.proj.bias}, %arg15: tensor<32x32xf32> {mpt.state = @wte.exp_avg}, %arg16: tensor<32xf32> {mpt.state = @blocks.0.norm.weight.exp_avg}, %arg17: tensor<32xf32> {mpt.state = @blocks.0.norm.bias.exp_avg}, %arg18: tensor<32x64xf32> {mpt.state = @blocks.0.fc.weight.exp_avg}, %arg19: tensor<64xf32> {mpt.state = @blocks.0.fc.bias.exp_avg}, %arg20: tensor<64x32xf32> {mpt.state = @blocks.0.proj.weight.exp_avg}, %arg21: tensor<32xf32> {mpt.state = @blocks.0.proj.bias.exp_avg}, %arg22: tensor<32x32xf32> {mpt.state = @wte.exp_avg_sq}, %arg23: tensor<32xf32> {mpt.state = @blocks.0.norm.weight.exp_avg_sq}, %arg24: tensor<32xf32> {mpt.state = @blocks.0.norm.bias.exp_avg_sq}, %arg25: tensor<32x64xf32> {mpt.state = @blocks.0.fc.weight.exp_avg_sq}, %arg26: tensor<64xf32> {mpt.state = @blocks.0.fc.bias.exp_avg_sq}, %arg27: tensor<64x32xf32> {mpt.state = @blocks.0.proj.weight.exp_avg_sq}, %arg28: tensor<32xf32> {mpt.state = @blocks.0.proj.bias.exp_avg_sq}, %arg29: tensor<f32> {mpt.state = @step.lr}, %arg30: tensor<i64> {mpt.state = @step.count}) -> (tensor<32x32xf32> {mpt.state = @wte}, tensor<32xf32> {mpt.state = @blocks.0.norm.weight}, tensor<32xf32> {mpt.state = @blocks.0.norm.bias}, tensor<32x64xf32> {mpt.state = @blocks.0.fc.weight}, tensor<64xf32> {mpt.state = @blocks.0.fc.bias}, tensor<64x32xf32> {mpt.state = @blocks.0.proj.weight}, tensor<32xf32> {mpt.state = @blocks.0.proj.bias}, tensor<32x32xf32> {mpt.state = @wte.exp_avg}, tensor<32xf32> {mpt.state = @blocks.0.norm.weight.exp_avg}, tensor<32xf32> {mpt.state = @blocks.0.norm.bias.exp_avg}, tensor<32x64xf32> {mpt.state = @blocks.0.fc.weight.exp_avg}, tensor<64xf32> {mpt.state = @blocks.0.fc.bias.exp_avg}, tensor<64x32xf32> {mpt.state = @blocks.0.proj.weight.exp_avg}, tensor<32xf32> {mpt.state = @blocks.0.proj.bias.exp_avg}, tensor<32x32xf32> {mpt.state = @wte.exp_avg_sq}, tensor<32xf32> {mpt.state = @blocks.0.norm.weight.exp_avg_sq}, tensor<32xf32> {mpt.state = @blocks.0.norm.bias.exp_avg_sq}, tensor<32x64xf32> {mpt.state = @blocks.0.fc.weight.exp_avg_sq}, tensor<64xf32> {mpt.state = @blocks.0.fc.bias.exp_avg_sq}, tensor<64x32xf32> {mpt.state = @blocks.0.proj.weight.exp_avg_sq}, tensor<32xf32> {mpt.state = @blocks.0.proj.bias.exp_avg_sq}, tensor<32x32xf32> {mpt.acc = @wte}, tensor<32xf32> {mpt.acc = @blocks.0.norm.weight}, tensor<32xf32> {mpt.acc = @blocks.0.norm.bias}, tensor<32x64xf32> {mpt.acc = @blocks.0.fc.weight}, tensor<64xf32> {mpt.acc = @blocks.0.fc.bias}, tensor<64x32xf32> {mpt.acc = @blocks.0.proj.weight}, tensor<32xf32> {mpt.acc = @blocks.0.proj.bias}, tensor<f32> {mpt.metric = "grad_norm"}) {
    %0 = mpt.slice %arg0 {limit = [15], start = [2]} : tensor<15xf32> -> tensor<13xf32>
    %1 = mpt.reduce sum %0 {axes = [0]} : tensor<13xf32> -> tensor<f32>
    %2 = mpt.is_finite %1 : tensor<f32> -> tensor<i1>
    %3 = mpt.sqrt %1 : tensor<f32>
    %4 = mpt.constant {value = 9.99999997E-7 : f32} : tensor<f32>
    %5 = mpt.constant {value = 1.000000e+00 : f32} : tensor<f32>
    %6 = mpt.add %3, %4 : tensor<f32>
    %7 = mpt.div %5, %6 : tensor<f32>
    %8 = mpt.min %7, %5 : tensor<f32>
    %new_param, %new_states:2 = mpt.opt_update adamw %arg1, %arg8, %arg15, %arg22, %8, %arg29, %arg30, %2 {betas = [9.000000e-01, 0.94999999999999996], decay = 1.000000e-01, eps = 1.000000e-08} : tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>, tensor<f32>, tensor<f32>, tensor<i64>, tensor<i1> -> tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>
    %new_param_0, %new_states_1:2 = mpt.opt_update adamw %arg2, %arg9, %arg16, %arg23, %8, %arg29, %arg30, %2 {betas = [9.000000e-01, 0.94999999999999996], decay = 0.000000e+00, eps = 1.000000e-08} : tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<f32>, tensor<f32>, tensor<i64>, tensor<i1> -> tensor<32xf32>, tensor<32xf32>, tensor<32xf32>
    %new_param_2, %new_states_3:2 = mpt.opt_update adamw %arg3, %arg10, %arg17, %arg24, %8, %arg29, %arg30, %2 {betas = [9.000000e-01, 0.94999999999999996], decay = 0.000000e+00, eps = 1.000000e-08} : tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<f32>, tensor<f32>, tensor<i64>, tensor<i1> -> tensor<32xf32>, tensor<32xf32>, tensor<32xf32>
    %new_param_4, %new_states_5:2 = mpt.opt_update adamw %arg4, %arg11, %arg18, %arg25, %8, %arg29, %arg30, %2 {betas = [9.000000e-01, 0.94999999999999996], decay = 1.000000e-01, eps = 1.000000e-08} : tensor<32x64xf32>, tensor<32x64xf32>, tensor<32x64xf32>, tensor<32x64xf32>, tensor<f32>, tensor<f32>, tensor<i64>, tensor<i1> -> tensor<32x64xf32>, tensor<32x64xf32>, tensor<32x64xf32>
    %new_param_6, %new_states_7:2 = mpt.opt_update adamw %arg5, %arg12, %arg19, %arg26, %8, %arg29, %arg30, %2 {betas = [9.000000e-01, 0.94999999999999996], decay = 0.000000e+00, eps = 1.000000e-08} : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<f32>, tensor<f32>, tensor<i64>, tensor<i1> -> tensor<64xf32>, tensor<64xf32>, tensor<64xf32>
    %new_param_8, %new_states_9:2 = mpt.opt_update adamw %arg6, %arg13, %arg20, %arg27, %8, %arg29, %arg30, %2 {betas = [9.000000e-01, 0.94999999999999996], decay = 1.000000e-01, eps = 1.000000e-08} : tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>, tensor<f32>, tensor<f32>, tensor<i64>, tensor<i1> -> tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>
    %new_param_10, %new_states_11:2 = mpt.opt_update adamw %arg7, %arg14, %arg21, %arg28, %8, %arg29, %arg30, %2 {betas = [9.000000e-01, 0.94999999999999996], decay = 0.000000e+00, eps = 1.000000e-08} : tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<f32>, tensor<f32>, tensor<i64>, tensor<i1> -> tensor<32xf32>, tensor<32xf32>, tensor<32xf32>
    %9 = mpt.constant {value = 0.000000e+00 : f32} : tensor<32x32xf32>
    %10 = mpt.constant {value = 0.000000e+00 : f32} : tensor<32xf32>
    %11 = mpt.constant {value = 0.000000e+00 : f32} : tensor<32xf32>
    %12 = mpt.constant {value = 0.000000e+00 : f32} : tensor<32x64xf32>
    %13 = mpt.constant {value = 0.000000e+00 : f32} : tensor<64xf32>
    %14 = mpt.constant {value = 0.000000e+00 : f32} : tensor<64x32xf32>
    %15 = mpt.constant {value = 0.000000e+00 : f32} : tensor<32xf32>
    return %new_param, %new_param_0, %new_param_2, %new_param_4, %new_param_6, %new_param_8, %new_param_10, %new_states#0, %new_states_1#0, %new_states_3#0, %new_states_5#0, %new_states_7#0, %new_states_9#0, %new_states_11#0, %new_states#1, %new_states_1#1, %new_states_3#1, %new_states_5#1, %new_states_7#1, %new_states_9#1, %new_states_11#1, %9, %10, %11, %12, %13, %14, %15, %3 : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<f32>
  }
  func.func @s1_RS(%arg0: tensor<32x32xf32> {mpt.recv = @wte.tie}, %arg1: tensor<32xf32> {mpt.acc = @blocks.1.norm.weight}, %arg2: tensor<32xf32> {mpt.acc = @blocks.1.norm.bias}, %arg3: tensor<32x64xf32> {mpt.acc = @blocks.1.fc.weight}, %arg4: tensor<64xf32> {mpt.acc = @blocks.1.fc.bias}, %arg5: tensor<64x32xf32> {mpt.acc = @blocks.1.proj.weight}, %arg6: tensor<32xf32> {mpt.acc = @blocks.1.proj.bias}) -> (tensor<32x32xf32> {mpt.grad = @wte}, tensor<32xf32> {mpt.grad = @blocks.1.norm.weight}, tensor<32xf32> {mpt.grad = @blocks.1.norm.bias}, tensor<32x64xf32> {mpt.grad = @blocks.1.fc.weight}, tensor<64xf32> {mpt.grad = @blocks.1.fc.bias}, tensor<64x32xf32> {mpt.grad = @blocks.1.proj.weight}, tensor<32xf32> {mpt.grad = @blocks.1.proj.bias}) {
    %0:7 = mpt.all_reduce sum %arg0, %arg1, %arg2, %arg3, %arg4, %arg5, %arg6 over ["dp"] {bucket = 0, bytes = 21120} : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32> -> tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>
    return %0#0, %0#1, %0#2, %0#3, %0#4, %0#5, %0#6 : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>
  }
  func.func @s1_NORM(%arg0: tensor<32xf32> {mpt.grad = @blocks.1.norm.weight}, %arg1: tensor<32xf32> {mpt.grad = @blocks.1.norm.bias}, %arg2: tensor<32x64xf32> {mpt.grad = @blocks.1.fc.weight}, %arg3: tensor<64xf32> {mpt.grad = @blocks.1.fc.bias}, %arg4: tensor<64x32xf32> {mpt.grad = @blocks.1.proj.weight}, %arg5: tensor<32xf32> {mpt.grad = @blocks.1.proj.bias}, %arg6: tensor<f32> {mpt.acc = "loss"}, %arg7: tensor<f32> {mpt.once = "v23"}, %arg8: tensor<f32> {mpt.state = @step.stop}) -> (tensor<15xf32> {mpt.send = @totals}) {
    %0 = mpt.mul %arg6, %arg7 {id = 24, stage = 1} : tensor<f32>
    %1 = mpt.sum_squares %arg0 : tensor<32xf32> -> tensor<f32>
    %2 = mpt.sum_squares %arg1 : tensor<32xf32> -> tensor<f32>
    %3 = mpt.sum_squares %arg2 : tensor<32x64xf32> -> tensor<f32>
    %4 = mpt.sum_squares %arg3 : tensor<64xf32> -> tensor<f32>
    %5 = mpt.sum_squares %arg4 : tensor<64x32xf32> -> tensor<f32>
    %6 = mpt.sum_squares %arg5 : tensor<32xf32> -> tensor<f32>
    %7 = mpt.totals %0, %arg8, %1, %2, %3, %4, %5, %6 {at = [0, 1, 9, 10, 11, 12, 13, 14], once = [[], [], ["dp", "tp"], ["dp", "tp"], ["dp"], ["dp"], ["dp"], ["dp", "tp"]], width = 15} : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32> -> tensor<15xf32>
    return %7 : tensor<15xf32>
  }
  func.func @s1_OPT(%arg0: tensor<15xf32> {mpt.recv = @totals}, %arg1: tensor<32x32xf32> {mpt.state = @wte}, %arg2: tensor<32xf32> {mpt.state = @blocks.1.norm.weight}, %arg3: tensor<32xf32> {mpt.state = @blocks.1.norm.bias}, %arg4: tensor<32x64xf32> {mpt.state = @blocks.1.fc.weight}, %arg5: tensor<64xf32> {mpt.state = @blocks.1.fc.bias}, %arg6: tensor<64x32xf32> {mpt.state = @blocks.1.proj.weight}, %arg7: tensor<32xf32> {mpt.state = @blocks.1.proj.bias}, %arg8: tensor<32x32xf32> {mpt.grad = @wte}, %arg9: tensor<32xf32> {mpt.grad = @blocks.1.norm.weight}, %arg10: tensor<32xf32> {mpt.grad = @blocks.1.norm.bias}, %arg11: tensor<32x64xf32> {mpt.grad = @blocks.1.fc.weight}, %arg12: tensor<64xf32> {mpt.grad = @blocks.1.fc.bias}, %arg13: tensor<64x32xf32> {mpt.grad = @blocks.1.proj.weight}, %arg14: tensor<32xf32> {mpt.grad = @blocks.1.proj.bias}, %arg15: tensor<32x32xf32> {mpt.state = @wte.exp_avg}, %arg16: tensor<32xf32> {mpt.state = @blocks.1.norm.weight.exp_avg}, %arg17: tensor<32xf32> {mpt.state = @blocks.1.norm.bias.exp_avg}, %arg18: tensor<32x64xf32> {mpt.state = @blocks.1.fc.weight.exp_avg}, %arg19: tensor<64xf32> {mpt.state = @blocks.1.fc.bias.exp_avg}, %arg20: tensor<64x32xf32> {mpt.state = @blocks.1.proj.weight.exp_avg}, %arg21: tensor<32xf32> {mpt.state = @blocks.1.proj.bias.exp_avg}, %arg22: tensor<32x32xf32> {mpt.state = @wte.exp_avg_sq}, %arg23: tensor<32xf32> {mpt.state = @blocks.1.norm.weight.exp_avg_sq}, %arg24: tensor<32xf32> {mpt.state = @blocks.1.norm.bias.exp_avg_sq}, %arg25: tensor<32x64xf32> {mpt.state = @blocks.1.fc.weight.exp_avg_sq}, %arg26: tensor<64xf32> {mpt.state = @blocks.1.fc.bias.exp_avg_sq}, %arg27: tensor<64x32xf32> {mpt.state = @blocks.1.proj.weight.exp_avg_sq}, %arg28: tensor<32xf32> {mpt.state = @blocks.1.proj.bias.exp_avg_sq}, %arg29: tensor<f32> {mpt.state = @step.lr}, %arg30: tensor<i64> {mpt.state = @step.count}) -> (tensor<32x32xf32> {mpt.state = @wte}, tensor<32xf32> {mpt.state = @blocks.1.norm.weight}, tensor<32xf32> {mpt.state = @blocks.1.norm.bias}, tensor<32x64xf32> {mpt.state = @blocks.1.fc.weight}, tensor<64xf32> {mpt.state = @blocks.1.fc.bias}, tensor<64x32xf32> {mpt.state = @blocks.1.proj.weight}, tensor<32xf32> {mpt.state = @blocks.1.proj.bias}, tensor<32x32xf32> {mpt.state = @wte.exp_avg}, tensor<32xf32> {mpt.state = @blocks.1.norm.weight.exp_avg}, tensor<32xf32> {mpt.state = @blocks.1.norm.bias.exp_avg}, tensor<32x64xf32> {mpt.state = @blocks.1.fc.weight.exp_avg}, tensor<64xf32> {mpt.state = @blocks.1.fc.bias.exp_avg}, tensor<64x32xf32> {mpt.state = @blocks.1.proj.weight.exp_avg}, tensor<32xf32> {mpt.state = @blocks.1.proj.bias.exp_avg}, tensor<32x32xf32> {mpt.state = @wte.exp_avg_sq}, tensor<32xf32> {mpt.state = @blocks.1.norm.weight.exp_avg_sq}, tensor<32xf32> {mpt.state = @blocks.1.norm.bias.exp_avg_sq}, tensor<32x64xf32> {mpt.state = @blocks.1.fc.weight.exp_avg_sq}, tensor<64xf32> {mpt.state = @blocks.1.fc.bias.exp_avg_sq}, tensor<64x32xf32> {mpt.state = @blocks.1.proj.weight.exp_avg_sq}, tensor<32xf32> {mpt.state = @blocks.1.proj.bias.exp_avg_sq}, tensor<32x32xf32> {mpt.acc = @wte}, tensor<32xf32> {mpt.acc = @blocks.1.norm.weight}, tensor<32xf32> {mpt.acc = @blocks.1.norm.bias}, tensor<32x64xf32> {mpt.acc = @blocks.1.fc.weight}, tensor<64xf32> {mpt.acc = @blocks.1.fc.bias}, tensor<64x32xf32> {mpt.acc = @blocks.1.proj.weight}, tensor<32xf32> {mpt.acc = @blocks.1.proj.bias}, tensor<f32> {mpt.acc = "loss"}, tensor<f32> {mpt.metric = "grad_norm"}) {
    %0 = mpt.slice %arg0 {limit = [15], start = [2]} : tensor<15xf32> -> tensor<13xf32>
    %1 = mpt.reduce sum %0 {axes = [0]} : tensor<13xf32> -> tensor<f32>
    %2 = mpt.is_finite %1 : tensor<f32> -> tensor<i1>
    %3 = mpt.sqrt %1 : tensor<f32>
    %4 = mpt.constant {value = 9.99999997E-7 : f32} : tensor<f32>
    %5 = mpt.constant {value = 1.000000e+00 : f32} : tensor<f32>
    %6 = mpt.add %3, %4 : tensor<f32>
    %7 = mpt.div %5, %6 : tensor<f32>
    %8 = mpt.min %7, %5 : tensor<f32>
    %new_param, %new_states:2 = mpt.opt_update adamw %arg1, %arg8, %arg15, %arg22, %8, %arg29, %arg30, %2 {betas = [9.000000e-01, 0.94999999999999996], decay = 1.000000e-01, eps = 1.000000e-08} : tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>, tensor<f32>, tensor<f32>, tensor<i64>, tensor<i1> -> tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>
    %new_param_0, %new_states_1:2 = mpt.opt_update adamw %arg2, %arg9, %arg16, %arg23, %8, %arg29, %arg30, %2 {betas = [9.000000e-01, 0.94999999999999996], decay = 0.000000e+00, eps = 1.000000e-08} : tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<f32>, tensor<f32>, tensor<i64>, tensor<i1> -> tensor<32xf32>, tensor<32xf32>, tensor<32xf32>
    %new_param_2, %new_states_3:2 = mpt.opt_update adamw %arg3, %arg10, %arg17, %arg24, %8, %arg29, %arg30, %2 {betas = [9.000000e-01, 0.94999999999999996], decay = 0.000000e+00, eps = 1.000000e-08} : tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<f32>, tensor<f32>, tensor<i64>, tensor<i1> -> tensor<32xf32>, tensor<32xf32>, tensor<32xf32>
    %new_param_4, %new_states_5:2 = mpt.opt_update adamw %arg4, %arg11, %arg18, %arg25, %8, %arg29, %arg30, %2 {betas = [9.000000e-01, 0.94999999999999996], decay = 1.000000e-01, eps = 1.000000e-08} : tensor<32x64xf32>, tensor<32x64xf32>, tensor<32x64xf32>, tensor<32x64xf32>, tensor<f32>, tensor<f32>, tensor<i64>, tensor<i1> -> tensor<32x64xf32>, tensor<32x64xf32>, tensor<32x64xf32>
    %new_param_6, %new_states_7:2 = mpt.opt_update adamw %arg5, %arg12, %arg19, %arg26, %8, %arg29, %arg30, %2 {betas = [9.000000e-01, 0.94999999999999996], decay = 0.000000e+00, eps = 1.000000e-08} : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<f32>, tensor<f32>, tensor<i64>, tensor<i1> -> tensor<64xf32>, tensor<64xf32>, tensor<64xf32>
    %new_param_8, %new_states_9:2 = mpt.opt_update adamw %arg6, %arg13, %arg20, %arg27, %8, %arg29, %arg30, %2 {betas = [9.000000e-01, 0.94999999999999996], decay = 1.000000e-01, eps = 1.000000e-08} : tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>, tensor<f32>, tensor<f32>, tensor<i64>, tensor<i1> -> tensor<64x32xf32>, tensor<64x32xf32>, tensor<64x32xf32>
    %new_param_10, %new_states_11:2 = mpt.opt_update adamw %arg7, %arg14, %arg21, %arg28, %8, %arg29, %arg30, %2 {betas = [9.000000e-01, 0.94999999999999996], decay = 0.000000e+00, eps = 1.000000e-08} : tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<f32>, tensor<f32>, tensor<i64>, tensor<i1> -> tensor<32xf32>, tensor<32xf32>, tensor<32xf32>
    %9 = mpt.constant {value = 0.000000e+00 : f32} : tensor<32x32xf32>
    %10 = mpt.constant {value = 0.000000e+00 : f32} : tensor<32xf32>
    %11 = mpt.constant {value = 0.000000e+00 : f32} : tensor<32xf32>
    %12 = mpt.constant {value = 0.000000e+00 : f32} : tensor<32x64xf32>
    %13 = mpt.constant {value = 0.000000e+00 : f32} : tensor<64xf32>
    %14 = mpt.constant {value = 0.000000e+00 : f32} : tensor<64x32xf32>
    %15 = mpt.constant {value = 0.000000e+00 : f32} : tensor<32xf32>
    %16 = mpt.constant {value = 0.000000e+00 : f32} : tensor<f32>
    return %new_param, %new_param_0, %new_param_2, %new_param_4, %new_param_6, %new_param_8, %new_param_10, %new_states#0, %new_states_1#0, %new_states_3#0, %new_states_5#0, %new_states_7#0, %new_states_9#0, %new_states_11#0, %new_states#1, %new_states_1#1, %new_states_3#1, %new_states_5#1, %new_states_7#1, %new_states_9#1, %new_states_11#1, %9, %10, %11, %12, %13, %14, %15, %16, %3 : tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<32x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<f32>, tensor<f32>
  }
}

