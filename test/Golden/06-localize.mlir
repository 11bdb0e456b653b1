// RUN: mpt-opt %s --verify-roundtrip -o /dev/null
!T = tensor<2x16xi64>
!H = tensor<2x16x32xf32>
!A = tensor<2x16x64xf32>
!R = tensor<2x16xf32>
!Z = tensor<2x16x32xf32>
!E = tensor<32x32xf32>
!V = tensor<32xf32>
!W = tensor<32x64xf32>
!B = tensor<64xf32>
!P = tensor<64x32xf32>
!S = tensor<f32>
!N = tensor<i64>
!Y = tensor<i1>
!Tot = tensor<15xf32>
!S1 = tensor<1xf32>
!S13 = tensor<13xf32>
!TS = tensor<4x16xi64>
module @mlp attributes {mpt.config = {model = "mlp.onnx", mesh = {dp = 2 : i64, pp = 2 : i64, tp = 2 : i64}, microbatches = 2 : i64, schedule = "1f1b", loss = "cross_entropy(logits,labels){ignore_index=-100}", optimizer = "adamw{betas=[0.9,0.95],eps=1e-8,weight_decay=0.1}", clip = 1.0 : f64, target = "cpu", precision = "f32"}, mpt.phase = "localize"} {
  mpt.mesh <["pp"=2, "dp"=2, "tp"=2], time ["micro"=2]>
  mpt.schedule_header "1f1b" {tasks = "F B", stages = 2 : i64, micro = 2 : i64, place = array<i64: 0, 1>}
  mpt.state @wte : tensor<64x32xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 0, 8192, f32>, storage = #mpt.storage<f32, #mpt.s<[{"tp"=2}, {}]>>}
  mpt.state @blocks.0.norm.weight : tensor<32xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 8192, 128, f32>, storage = #mpt.storage<f32, #mpt.s<[{}]>>}
  mpt.state @blocks.0.norm.bias : tensor<32xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 8320, 128, f32>, storage = #mpt.storage<f32, #mpt.s<[{}]>>}
  mpt.state @blocks.0.fc.weight : tensor<32x128xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 8448, 16384, f32>, storage = #mpt.storage<f32, #mpt.s<[{}, {"tp"=2}]>>}
  mpt.state @blocks.0.fc.bias : tensor<128xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 24832, 512, f32>, storage = #mpt.storage<f32, #mpt.s<[{"tp"=2}]>>}
  mpt.state @blocks.0.proj.weight : tensor<128x32xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 25344, 16384, f32>, storage = #mpt.storage<f32, #mpt.s<[{"tp"=2}, {}]>>}
  mpt.state @blocks.0.proj.bias : tensor<32xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 41728, 128, f32>, storage = #mpt.storage<f32, #mpt.s<[{}]>>}
  mpt.state @blocks.1.norm.weight : tensor<32xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 41856, 128, f32>, storage = #mpt.storage<f32, #mpt.s<[{}]>>}
  mpt.state @blocks.1.norm.bias : tensor<32xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 41984, 128, f32>, storage = #mpt.storage<f32, #mpt.s<[{}]>>}
  mpt.state @blocks.1.fc.weight : tensor<32x128xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 42112, 16384, f32>, storage = #mpt.storage<f32, #mpt.s<[{}, {"tp"=2}]>>}
  mpt.state @blocks.1.fc.bias : tensor<128xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 58496, 512, f32>, storage = #mpt.storage<f32, #mpt.s<[{"tp"=2}]>>}
  mpt.state @blocks.1.proj.weight : tensor<128x32xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 59008, 16384, f32>, storage = #mpt.storage<f32, #mpt.s<[{"tp"=2}, {}]>>}
  mpt.state @blocks.1.proj.bias : tensor<32xf32> {role = "parameter", trainable, source = #mpt.slice<"mlp.onnx.data", 75392, 128, f32>, storage = #mpt.storage<f32, #mpt.s<[{}]>>}
  mpt.state @wte.exp_avg : tensor<64x32xf32> {role = "optimizer", of = @wte, source = #mpt.zero}
  mpt.state @blocks.0.norm.weight.exp_avg : tensor<32xf32> {role = "optimizer", of = @blocks.0.norm.weight, source = #mpt.zero}
  mpt.state @blocks.0.norm.bias.exp_avg : tensor<32xf32> {role = "optimizer", of = @blocks.0.norm.bias, source = #mpt.zero}
  mpt.state @blocks.0.fc.weight.exp_avg : tensor<32x128xf32> {role = "optimizer", of = @blocks.0.fc.weight, source = #mpt.zero}
  mpt.state @blocks.0.fc.bias.exp_avg : tensor<128xf32> {role = "optimizer", of = @blocks.0.fc.bias, source = #mpt.zero}
  mpt.state @blocks.0.proj.weight.exp_avg : tensor<128x32xf32> {role = "optimizer", of = @blocks.0.proj.weight, source = #mpt.zero}
  mpt.state @blocks.0.proj.bias.exp_avg : tensor<32xf32> {role = "optimizer", of = @blocks.0.proj.bias, source = #mpt.zero}
  mpt.state @blocks.1.norm.weight.exp_avg : tensor<32xf32> {role = "optimizer", of = @blocks.1.norm.weight, source = #mpt.zero}
  mpt.state @blocks.1.norm.bias.exp_avg : tensor<32xf32> {role = "optimizer", of = @blocks.1.norm.bias, source = #mpt.zero}
  mpt.state @blocks.1.fc.weight.exp_avg : tensor<32x128xf32> {role = "optimizer", of = @blocks.1.fc.weight, source = #mpt.zero}
  mpt.state @blocks.1.fc.bias.exp_avg : tensor<128xf32> {role = "optimizer", of = @blocks.1.fc.bias, source = #mpt.zero}
  mpt.state @blocks.1.proj.weight.exp_avg : tensor<128x32xf32> {role = "optimizer", of = @blocks.1.proj.weight, source = #mpt.zero}
  mpt.state @blocks.1.proj.bias.exp_avg : tensor<32xf32> {role = "optimizer", of = @blocks.1.proj.bias, source = #mpt.zero}
  mpt.state @wte.exp_avg_sq : tensor<64x32xf32> {role = "optimizer", of = @wte, source = #mpt.zero}
  mpt.state @blocks.0.norm.weight.exp_avg_sq : tensor<32xf32> {role = "optimizer", of = @blocks.0.norm.weight, source = #mpt.zero}
  mpt.state @blocks.0.norm.bias.exp_avg_sq : tensor<32xf32> {role = "optimizer", of = @blocks.0.norm.bias, source = #mpt.zero}
  mpt.state @blocks.0.fc.weight.exp_avg_sq : tensor<32x128xf32> {role = "optimizer", of = @blocks.0.fc.weight, source = #mpt.zero}
  mpt.state @blocks.0.fc.bias.exp_avg_sq : tensor<128xf32> {role = "optimizer", of = @blocks.0.fc.bias, source = #mpt.zero}
  mpt.state @blocks.0.proj.weight.exp_avg_sq : tensor<128x32xf32> {role = "optimizer", of = @blocks.0.proj.weight, source = #mpt.zero}
  mpt.state @blocks.0.proj.bias.exp_avg_sq : tensor<32xf32> {role = "optimizer", of = @blocks.0.proj.bias, source = #mpt.zero}
  mpt.state @blocks.1.norm.weight.exp_avg_sq : tensor<32xf32> {role = "optimizer", of = @blocks.1.norm.weight, source = #mpt.zero}
  mpt.state @blocks.1.norm.bias.exp_avg_sq : tensor<32xf32> {role = "optimizer", of = @blocks.1.norm.bias, source = #mpt.zero}
  mpt.state @blocks.1.fc.weight.exp_avg_sq : tensor<32x128xf32> {role = "optimizer", of = @blocks.1.fc.weight, source = #mpt.zero}
  mpt.state @blocks.1.fc.bias.exp_avg_sq : tensor<128xf32> {role = "optimizer", of = @blocks.1.fc.bias, source = #mpt.zero}
  mpt.state @blocks.1.proj.weight.exp_avg_sq : tensor<128x32xf32> {role = "optimizer", of = @blocks.1.proj.weight, source = #mpt.zero}
  mpt.state @blocks.1.proj.bias.exp_avg_sq : tensor<32xf32> {role = "optimizer", of = @blocks.1.proj.bias, source = #mpt.zero}
  mpt.state @step.lr : tensor<f32> {role = "counter"}
  mpt.state @step.count : tensor<i64> {role = "counter"}
  mpt.state @step.stop : tensor<f32> {role = "counter", storage = #mpt.storage<f32, #mpt.s<[], partial = [sum{"dp"=2,"tp"=2}]>>}
  mpt.replicas @wte {among = array<i64: 0, 1>, count = 0 : i64}
  mpt.transfer @h1 : !H -> !H {mode = "move", task = "F", from = 0 : i64, to = 1 : i64, over = ["pp"], bytes = 4096 : i64}
  mpt.transfer @dh1 : !H -> !H {mode = "move", task = "B", from = 1 : i64, to = 0 : i64, over = ["pp"], bytes = 4096 : i64}
  mpt.transfer @wte.tie : !E -> !E {mode = "sum", task = "acc", of = @wte, among = array<i64: 0, 1>, over = ["pp"], bytes = 4096 : i64}
  mpt.transfer @totals : !Tot -> !Tot {mode = "sum", task = "NORM", among = array<i64: 0, 1>, over = ["pp", "dp", "tp"], bytes = 60 : i64}
  func.func @s1_WGT(
      %labels: !TS {mpt.inputs = "labels"}) -> (!S {mpt.once = "seed"}) {
    %w.p = mpt.label_weight %labels {ignore_index = -100} : !TS -> !S
    %w = mpt.all_reduce sum %w.p over ["dp"] {bytes = 4} : !S
    %one = mpt.constant {value = 1.0 : f32} : !S
    %seed = mpt.div %one, %w : !S
    return %seed : !S
  }
  func.func @s0_F(
      %wte: !E {mpt.state = @wte},
      %ga0: !V {mpt.state = @blocks.0.norm.weight},
      %be0: !V {mpt.state = @blocks.0.norm.bias},
      %fw0: !W {mpt.state = @blocks.0.fc.weight},
      %fb0: !B {mpt.state = @blocks.0.fc.bias},
      %pw0: !P {mpt.state = @blocks.0.proj.weight},
      %pb0: !V {mpt.state = @blocks.0.proj.bias},
      %tokens: !T {mpt.input = "tokens"}) -> (!H {mpt.send = @h1}, !H {mpt.save = "h0"}, !H {mpt.save = "n0"}, !R {mpt.save = "mu0"}, !R {mpt.save = "rs0"}, !A {mpt.save = "a0"}) {
    %lo = mpt.shard_offset {axes = ["tp"], size = 64} : !N
    %h0.p = mpt.take %wte, %tokens, %lo {axis = 0} : !E, !T, !N -> !H
    %h0 = mpt.all_reduce sum %h0.p over ["tp"] {bytes = 4096} : !H
    mpt.point 0
    %n0, %mu0, %rs0 = mpt.layer_norm %h0, %ga0, %be0 {axis = 2, eps = 1.0e-05} : !H, !V, !V -> !H, !R, !R
    %f0 = mpt.dot_general %n0, %fw0 contract [2] x [0] : !H, !W -> !A
    %c0 = mpt.broadcast %fb0 {dims = [2]} : !B -> !A
    %a0 = mpt.add %f0, %c0 : !A
    %e0 = mpt.gelu %a0 {approx = "none"} : !A
    %p0.p = mpt.dot_general %e0, %pw0 contract [2] x [0] : !A, !P -> !H
    %p0 = mpt.all_reduce sum %p0.p over ["tp"] {bytes = 4096} : !H
    mpt.point 1
    %d0 = mpt.broadcast %pb0 {dims = [2]} : !V -> !H
    %y0 = mpt.add %p0, %d0 : !H
    %h1 = mpt.add %h0, %y0 : !H
    return %h1, %h0, %n0, %mu0, %rs0, %a0 : !H, !H, !H, !R, !R, !A
  }
  func.func @s1_F(
      %wte: !E {mpt.state = @wte},
      %ga1: !V {mpt.state = @blocks.1.norm.weight},
      %be1: !V {mpt.state = @blocks.1.norm.bias},
      %fw1: !W {mpt.state = @blocks.1.fc.weight},
      %fb1: !B {mpt.state = @blocks.1.fc.bias},
      %pw1: !P {mpt.state = @blocks.1.proj.weight},
      %pb1: !V {mpt.state = @blocks.1.proj.bias},
      %h1: !H {mpt.recv = @h1},
      %labels: !T {mpt.input = "labels"},
      %acc.ls: !S {mpt.acc = "loss"}) -> (!S {mpt.acc = "loss"}, !H {mpt.save = "h1"}, !H {mpt.save = "n1"}, !R {mpt.save = "mu1"}, !R {mpt.save = "rs1"}, !A {mpt.save = "a1"}, !H {mpt.save = "h2"}, !Z {mpt.save = "z"}, !R {mpt.save = "lse"}) {
    %n1, %mu1, %rs1 = mpt.layer_norm %h1, %ga1, %be1 {axis = 2, eps = 1.0e-05} : !H, !V, !V -> !H, !R, !R
    %f1 = mpt.dot_general %n1, %fw1 contract [2] x [0] : !H, !W -> !A
    %c1 = mpt.broadcast %fb1 {dims = [2]} : !B -> !A
    %a1 = mpt.add %f1, %c1 : !A
    %e1 = mpt.gelu %a1 {approx = "none"} : !A
    %p1.p = mpt.dot_general %e1, %pw1 contract [2] x [0] : !A, !P -> !H
    %p1 = mpt.all_reduce sum %p1.p over ["tp"] {bytes = 4096} : !H
    mpt.point 0
    %d1 = mpt.broadcast %pb1 {dims = [2]} : !V -> !H
    %y1 = mpt.add %p1, %d1 : !H
    %h2 = mpt.add %h1, %y1 : !H
    %z = mpt.dot_general %h2, %wte contract [2] x [1] : !H, !E -> !Z
    %lo = mpt.shard_offset {axes = ["tp"], size = 64} : !N
    %m0, %s0, %t0 = mpt.cross_entropy.local %z, %labels, %lo : !Z, !T, !N -> !R, !R, !R
    %m = mpt.all_reduce max %m0 over ["tp"] {bytes = 128} : !R
    mpt.point 1
    %s1 = mpt.sub %m0, %m : !R
    %s2 = mpt.exp %s1 : !R
    %s3 = mpt.mul %s0, %s2 : !R
    %s = mpt.all_reduce sum %s3 over ["tp"] {bytes = 128} : !R
    mpt.point 2
    %s4 = mpt.log %s : !R
    %lse = mpt.add %m, %s4 : !R
    %lse.0 = mpt.mask_replicas %lse {axes = ["tp"]} : !R
    %ls = mpt.cross_entropy.finish %lse.0, %t0, %labels {ignore_index = -100} : !R, !R, !T -> !S
    %acc.ls.1 = mpt.accumulate %acc.ls, %ls : !S
    mpt.point 3
    return %acc.ls.1, %h1, %n1, %mu1, %rs1, %a1, %h2, %z, %lse : !S, !H, !H, !R, !R, !A, !H, !Z, !R
  }
  func.func @s1_B(
      %wte: !E {mpt.state = @wte},
      %ga1: !V {mpt.state = @blocks.1.norm.weight},
      %fw1: !W {mpt.state = @blocks.1.fc.weight},
      %pw1: !P {mpt.state = @blocks.1.proj.weight},
      %h1: !H {mpt.save = "h1"},
      %n1: !H {mpt.save = "n1"},
      %mu1: !R {mpt.save = "mu1"},
      %rs1: !R {mpt.save = "rs1"},
      %a1: !A {mpt.save = "a1"},
      %h2: !H {mpt.save = "h2"},
      %z: !Z {mpt.save = "z"},
      %lse: !R {mpt.save = "lse"},
      %labels: !T {mpt.input = "labels"},
      %seed: !S {mpt.once = "seed"},
      %acc.wte: !E {mpt.acc = @wte},
      %acc.ga1: !V {mpt.acc = @blocks.1.norm.weight},
      %acc.be1: !V {mpt.acc = @blocks.1.norm.bias},
      %acc.fw1: !W {mpt.acc = @blocks.1.fc.weight},
      %acc.fb1: !B {mpt.acc = @blocks.1.fc.bias},
      %acc.pw1: !P {mpt.acc = @blocks.1.proj.weight},
      %acc.pb1: !V {mpt.acc = @blocks.1.proj.bias}) -> (!H {mpt.send = @dh1}, !E {mpt.acc = @wte}, !V {mpt.acc = @blocks.1.norm.weight}, !V {mpt.acc = @blocks.1.norm.bias}, !W {mpt.acc = @blocks.1.fc.weight}, !B {mpt.acc = @blocks.1.fc.bias}, !P {mpt.acc = @blocks.1.proj.weight}, !V {mpt.acc = @blocks.1.proj.bias}) {
    %e1 = mpt.gelu %a1 {approx = "none", recompute} : !A
    %lo = mpt.shard_offset {axes = ["tp"], size = 64} : !N
    %dz = mpt.cross_entropy_grad %z, %labels, %lse, %seed, %lo {ignore_index = -100} : !Z, !T, !R, !S, !N -> !Z
    %dh2.p = mpt.dot_general %dz, %wte contract [2] x [0] : !Z, !E -> !H
    %dh2 = mpt.all_reduce sum %dh2.p over ["tp"] {bytes = 4096} : !H
    mpt.point 0
    %dwte.head = mpt.dot_general %dz, %h2 contract [0, 1] x [0, 1] : !Z, !H -> !E
    %acc.wte.1 = mpt.accumulate %acc.wte, %dwte.head : !E
    mpt.point 1
    %dpb1 = mpt.reduce sum %dh2 {axes = [0, 1]} : !H -> !V
    %acc.pb1.1 = mpt.accumulate %acc.pb1, %dpb1 : !V
    mpt.point 2
    %de1 = mpt.dot_general %dh2, %pw1 contract [2] x [1] : !H, !P -> !A
    %dpw1 = mpt.dot_general %e1, %dh2 contract [0, 1] x [0, 1] : !A, !H -> !P
    %acc.pw1.1 = mpt.accumulate %acc.pw1, %dpw1 : !P
    mpt.point 3
    %da1 = mpt.gelu_grad %a1, %de1 {approx = "none"} : !A
    %dfb1 = mpt.reduce sum %da1 {axes = [0, 1]} : !A -> !B
    %acc.fb1.1 = mpt.accumulate %acc.fb1, %dfb1 : !B
    mpt.point 4
    %dn1.p = mpt.dot_general %da1, %fw1 contract [2] x [1] : !A, !W -> !H
    %dn1 = mpt.all_reduce sum %dn1.p over ["tp"] {bytes = 4096} : !H
    mpt.point 5
    %dfw1 = mpt.dot_general %n1, %da1 contract [0, 1] x [0, 1] : !H, !A -> !W
    %acc.fw1.1 = mpt.accumulate %acc.fw1, %dfw1 : !W
    mpt.point 6
    %dx1, %dga1, %dbe1 = mpt.layer_norm_grad %h1, %mu1, %rs1, %ga1, %dn1 {axis = 2} : !H, !R, !R, !V, !H -> !H, !V, !V
    %acc.ga1.1 = mpt.accumulate %acc.ga1, %dga1 : !V
    mpt.point 7
    %acc.be1.1 = mpt.accumulate %acc.be1, %dbe1 : !V
    mpt.point 8
    %dh1 = mpt.sum %dh2, %dx1 : !H
    return %dh1, %acc.wte.1, %acc.ga1.1, %acc.be1.1, %acc.fw1.1, %acc.fb1.1, %acc.pw1.1, %acc.pb1.1 : !H, !E, !V, !V, !W, !B, !P, !V
  }
  func.func @s0_B(
      %ga0: !V {mpt.state = @blocks.0.norm.weight},
      %fw0: !W {mpt.state = @blocks.0.fc.weight},
      %pw0: !P {mpt.state = @blocks.0.proj.weight},
      %h0: !H {mpt.save = "h0"},
      %n0: !H {mpt.save = "n0"},
      %mu0: !R {mpt.save = "mu0"},
      %rs0: !R {mpt.save = "rs0"},
      %a0: !A {mpt.save = "a0"},
      %tokens: !T {mpt.input = "tokens"},
      %dh1: !H {mpt.recv = @dh1},
      %acc.wte: !E {mpt.acc = @wte},
      %acc.ga0: !V {mpt.acc = @blocks.0.norm.weight},
      %acc.be0: !V {mpt.acc = @blocks.0.norm.bias},
      %acc.fw0: !W {mpt.acc = @blocks.0.fc.weight},
      %acc.fb0: !B {mpt.acc = @blocks.0.fc.bias},
      %acc.pw0: !P {mpt.acc = @blocks.0.proj.weight},
      %acc.pb0: !V {mpt.acc = @blocks.0.proj.bias}) -> (!E {mpt.acc = @wte}, !V {mpt.acc = @blocks.0.norm.weight}, !V {mpt.acc = @blocks.0.norm.bias}, !W {mpt.acc = @blocks.0.fc.weight}, !B {mpt.acc = @blocks.0.fc.bias}, !P {mpt.acc = @blocks.0.proj.weight}, !V {mpt.acc = @blocks.0.proj.bias}) {
    %e0 = mpt.gelu %a0 {approx = "none", recompute} : !A
    %dpb0 = mpt.reduce sum %dh1 {axes = [0, 1]} : !H -> !V
    %acc.pb0.1 = mpt.accumulate %acc.pb0, %dpb0 : !V
    mpt.point 0
    %de0 = mpt.dot_general %dh1, %pw0 contract [2] x [1] : !H, !P -> !A
    %dpw0 = mpt.dot_general %e0, %dh1 contract [0, 1] x [0, 1] : !A, !H -> !P
    %acc.pw0.1 = mpt.accumulate %acc.pw0, %dpw0 : !P
    mpt.point 1
    %da0 = mpt.gelu_grad %a0, %de0 {approx = "none"} : !A
    %dfb0 = mpt.reduce sum %da0 {axes = [0, 1]} : !A -> !B
    %acc.fb0.1 = mpt.accumulate %acc.fb0, %dfb0 : !B
    mpt.point 2
    %dn0.p = mpt.dot_general %da0, %fw0 contract [2] x [1] : !A, !W -> !H
    %dn0 = mpt.all_reduce sum %dn0.p over ["tp"] {bytes = 4096} : !H
    mpt.point 3
    %dfw0 = mpt.dot_general %n0, %da0 contract [0, 1] x [0, 1] : !H, !A -> !W
    %acc.fw0.1 = mpt.accumulate %acc.fw0, %dfw0 : !W
    mpt.point 4
    %dx0, %dga0, %dbe0 = mpt.layer_norm_grad %h0, %mu0, %rs0, %ga0, %dn0 {axis = 2} : !H, !R, !R, !V, !H -> !H, !V, !V
    %acc.ga0.1 = mpt.accumulate %acc.ga0, %dga0 : !V
    mpt.point 5
    %acc.be0.1 = mpt.accumulate %acc.be0, %dbe0 : !V
    mpt.point 6
    %dh0 = mpt.sum %dh1, %dx0 : !H
    %zero = mpt.constant {value = 0.0 : f32} : !E
    %lo = mpt.shard_offset {axes = ["tp"], size = 64} : !N
    %dwte.embed = mpt.scatter_rows add %zero, %tokens, %dh0, %lo {axis = 0} : !E, !T, !H, !N -> !E
    %acc.wte.1 = mpt.accumulate %acc.wte, %dwte.embed : !E
    mpt.point 7
    return %acc.wte.1, %acc.ga0.1, %acc.be0.1, %acc.fw0.1, %acc.fb0.1, %acc.pw0.1, %acc.pb0.1 : !E, !V, !V, !W, !B, !P, !V
  }
  func.func @s0_RS(
      %acc.wte: !E {mpt.recv = @wte.tie},
      %acc.ga0: !V {mpt.acc = @blocks.0.norm.weight},
      %acc.be0: !V {mpt.acc = @blocks.0.norm.bias},
      %acc.fw0: !W {mpt.acc = @blocks.0.fc.weight},
      %acc.fb0: !B {mpt.acc = @blocks.0.fc.bias},
      %acc.pw0: !P {mpt.acc = @blocks.0.proj.weight},
      %acc.pb0: !V {mpt.acc = @blocks.0.proj.bias}) -> (!E {mpt.grad = @wte}, !V {mpt.grad = @blocks.0.norm.weight}, !V {mpt.grad = @blocks.0.norm.bias}, !W {mpt.grad = @blocks.0.fc.weight}, !B {mpt.grad = @blocks.0.fc.bias}, !P {mpt.grad = @blocks.0.proj.weight}, !V {mpt.grad = @blocks.0.proj.bias}) {
    %g.wte, %g.ga0, %g.be0, %g.fw0, %g.fb0, %g.pw0, %g.pb0 = mpt.all_reduce sum %acc.wte, %acc.ga0, %acc.be0, %acc.fw0, %acc.fb0, %acc.pw0, %acc.pb0 over ["dp"] {bucket = 0, bytes = 21120} : !E, !V, !V, !W, !B, !P, !V -> !E, !V, !V, !W, !B, !P, !V
    return %g.wte, %g.ga0, %g.be0, %g.fw0, %g.fb0, %g.pw0, %g.pb0 : !E, !V, !V, !W, !B, !P, !V
  }
  func.func @s0_NORM(
      %g.wte: !E {mpt.grad = @wte},
      %g.ga0: !V {mpt.grad = @blocks.0.norm.weight},
      %g.be0: !V {mpt.grad = @blocks.0.norm.bias},
      %g.fw0: !W {mpt.grad = @blocks.0.fc.weight},
      %g.fb0: !B {mpt.grad = @blocks.0.fc.bias},
      %g.pw0: !P {mpt.grad = @blocks.0.proj.weight},
      %g.pb0: !V {mpt.grad = @blocks.0.proj.bias},
      %stop: !S {mpt.state = @step.stop}) -> (!Tot {mpt.send = @totals}) {
    %q.wte = mpt.sum_squares %g.wte : !E -> !S
    %q.ga0 = mpt.sum_squares %g.ga0 : !V -> !S
    %q.be0 = mpt.sum_squares %g.be0 : !V -> !S
    %q.fw0 = mpt.sum_squares %g.fw0 : !W -> !S
    %q.fb0 = mpt.sum_squares %g.fb0 : !B -> !S
    %q.pw0 = mpt.sum_squares %g.pw0 : !P -> !S
    %q.pb0 = mpt.sum_squares %g.pb0 : !V -> !S
    %tot = mpt.totals %stop, %q.wte, %q.ga0, %q.be0, %q.fw0, %q.fb0, %q.pw0, %q.pb0 {at = [1, 2, 3, 4, 5, 6, 7, 8], width = 15, once = [[], ["dp"], ["dp", "tp"], ["dp", "tp"], ["dp"], ["dp"], ["dp"], ["dp", "tp"]]} : !S, !S, !S, !S, !S, !S, !S, !S -> !Tot
    return %tot : !Tot
  }
  func.func @s0_OPT(
      %tot: !Tot {mpt.recv = @totals},
      %wte: !E {mpt.state = @wte},
      %ga0: !V {mpt.state = @blocks.0.norm.weight},
      %be0: !V {mpt.state = @blocks.0.norm.bias},
      %fw0: !W {mpt.state = @blocks.0.fc.weight},
      %fb0: !B {mpt.state = @blocks.0.fc.bias},
      %pw0: !P {mpt.state = @blocks.0.proj.weight},
      %pb0: !V {mpt.state = @blocks.0.proj.bias},
      %g.wte: !E {mpt.grad = @wte},
      %g.ga0: !V {mpt.grad = @blocks.0.norm.weight},
      %g.be0: !V {mpt.grad = @blocks.0.norm.bias},
      %g.fw0: !W {mpt.grad = @blocks.0.fc.weight},
      %g.fb0: !B {mpt.grad = @blocks.0.fc.bias},
      %g.pw0: !P {mpt.grad = @blocks.0.proj.weight},
      %g.pb0: !V {mpt.grad = @blocks.0.proj.bias},
      %wte.m: !E {mpt.state = @wte.exp_avg},
      %ga0.m: !V {mpt.state = @blocks.0.norm.weight.exp_avg},
      %be0.m: !V {mpt.state = @blocks.0.norm.bias.exp_avg},
      %fw0.m: !W {mpt.state = @blocks.0.fc.weight.exp_avg},
      %fb0.m: !B {mpt.state = @blocks.0.fc.bias.exp_avg},
      %pw0.m: !P {mpt.state = @blocks.0.proj.weight.exp_avg},
      %pb0.m: !V {mpt.state = @blocks.0.proj.bias.exp_avg},
      %wte.v: !E {mpt.state = @wte.exp_avg_sq},
      %ga0.v: !V {mpt.state = @blocks.0.norm.weight.exp_avg_sq},
      %be0.v: !V {mpt.state = @blocks.0.norm.bias.exp_avg_sq},
      %fw0.v: !W {mpt.state = @blocks.0.fc.weight.exp_avg_sq},
      %fb0.v: !B {mpt.state = @blocks.0.fc.bias.exp_avg_sq},
      %pw0.v: !P {mpt.state = @blocks.0.proj.weight.exp_avg_sq},
      %pb0.v: !V {mpt.state = @blocks.0.proj.bias.exp_avg_sq},
      %lr: !S {mpt.state = @step.lr},
      %t: !N {mpt.state = @step.count}) -> (!E {mpt.state = @wte}, !V {mpt.state = @blocks.0.norm.weight}, !V {mpt.state = @blocks.0.norm.bias}, !W {mpt.state = @blocks.0.fc.weight}, !B {mpt.state = @blocks.0.fc.bias}, !P {mpt.state = @blocks.0.proj.weight}, !V {mpt.state = @blocks.0.proj.bias}, !E {mpt.state = @wte.exp_avg}, !V {mpt.state = @blocks.0.norm.weight.exp_avg}, !V {mpt.state = @blocks.0.norm.bias.exp_avg}, !W {mpt.state = @blocks.0.fc.weight.exp_avg}, !B {mpt.state = @blocks.0.fc.bias.exp_avg}, !P {mpt.state = @blocks.0.proj.weight.exp_avg}, !V {mpt.state = @blocks.0.proj.bias.exp_avg}, !E {mpt.state = @wte.exp_avg_sq}, !V {mpt.state = @blocks.0.norm.weight.exp_avg_sq}, !V {mpt.state = @blocks.0.norm.bias.exp_avg_sq}, !W {mpt.state = @blocks.0.fc.weight.exp_avg_sq}, !B {mpt.state = @blocks.0.fc.bias.exp_avg_sq}, !P {mpt.state = @blocks.0.proj.weight.exp_avg_sq}, !V {mpt.state = @blocks.0.proj.bias.exp_avg_sq}, !E {mpt.acc = @wte}, !V {mpt.acc = @blocks.0.norm.weight}, !V {mpt.acc = @blocks.0.norm.bias}, !W {mpt.acc = @blocks.0.fc.weight}, !B {mpt.acc = @blocks.0.fc.bias}, !P {mpt.acc = @blocks.0.proj.weight}, !V {mpt.acc = @blocks.0.proj.bias}, !S {mpt.metric = "grad_norm"}) {
    %sq = mpt.slice %tot {start = [2], limit = [15]} : !Tot -> !S13
    %q = mpt.reduce sum %sq {axes = [0]} : !S13 -> !S
    %ok = mpt.is_finite %q : !S -> !Y
    %norm = mpt.sqrt %q : !S
    %eps = mpt.constant {value = 1.0e-06 : f32} : !S
    %max = mpt.constant {value = 1.0 : f32} : !S
    %den = mpt.add %norm, %eps : !S
    %k = mpt.div %max, %den : !S
    %clip = mpt.min %k, %max : !S
    %wte.1, %wte.m.1, %wte.v.1 = mpt.opt_update adamw %wte, %g.wte, %wte.m, %wte.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.1} : !E, !E, !E, !E, !S, !S, !N, !Y -> !E, !E, !E
    %ga0.1, %ga0.m.1, %ga0.v.1 = mpt.opt_update adamw %ga0, %g.ga0, %ga0.m, %ga0.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.0} : !V, !V, !V, !V, !S, !S, !N, !Y -> !V, !V, !V
    %be0.1, %be0.m.1, %be0.v.1 = mpt.opt_update adamw %be0, %g.be0, %be0.m, %be0.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.0} : !V, !V, !V, !V, !S, !S, !N, !Y -> !V, !V, !V
    %fw0.1, %fw0.m.1, %fw0.v.1 = mpt.opt_update adamw %fw0, %g.fw0, %fw0.m, %fw0.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.1} : !W, !W, !W, !W, !S, !S, !N, !Y -> !W, !W, !W
    %fb0.1, %fb0.m.1, %fb0.v.1 = mpt.opt_update adamw %fb0, %g.fb0, %fb0.m, %fb0.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.0} : !B, !B, !B, !B, !S, !S, !N, !Y -> !B, !B, !B
    %pw0.1, %pw0.m.1, %pw0.v.1 = mpt.opt_update adamw %pw0, %g.pw0, %pw0.m, %pw0.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.1} : !P, !P, !P, !P, !S, !S, !N, !Y -> !P, !P, !P
    %pb0.1, %pb0.m.1, %pb0.v.1 = mpt.opt_update adamw %pb0, %g.pb0, %pb0.m, %pb0.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.0} : !V, !V, !V, !V, !S, !S, !N, !Y -> !V, !V, !V
    %acc.wte.1 = mpt.constant {value = 0.0 : f32} : !E
    %acc.ga0.1 = mpt.constant {value = 0.0 : f32} : !V
    %acc.be0.1 = mpt.constant {value = 0.0 : f32} : !V
    %acc.fw0.1 = mpt.constant {value = 0.0 : f32} : !W
    %acc.fb0.1 = mpt.constant {value = 0.0 : f32} : !B
    %acc.pw0.1 = mpt.constant {value = 0.0 : f32} : !P
    %acc.pb0.1 = mpt.constant {value = 0.0 : f32} : !V
    return %wte.1, %ga0.1, %be0.1, %fw0.1, %fb0.1, %pw0.1, %pb0.1, %wte.m.1, %ga0.m.1, %be0.m.1, %fw0.m.1, %fb0.m.1, %pw0.m.1, %pb0.m.1, %wte.v.1, %ga0.v.1, %be0.v.1, %fw0.v.1, %fb0.v.1, %pw0.v.1, %pb0.v.1, %acc.wte.1, %acc.ga0.1, %acc.be0.1, %acc.fw0.1, %acc.fb0.1, %acc.pw0.1, %acc.pb0.1, %norm : !E, !V, !V, !W, !B, !P, !V, !E, !V, !V, !W, !B, !P, !V, !E, !V, !V, !W, !B, !P, !V, !E, !V, !V, !W, !B, !P, !V, !S
  }
  func.func @s1_RS(
      %acc.wte: !E {mpt.recv = @wte.tie},
      %acc.ga1: !V {mpt.acc = @blocks.1.norm.weight},
      %acc.be1: !V {mpt.acc = @blocks.1.norm.bias},
      %acc.fw1: !W {mpt.acc = @blocks.1.fc.weight},
      %acc.fb1: !B {mpt.acc = @blocks.1.fc.bias},
      %acc.pw1: !P {mpt.acc = @blocks.1.proj.weight},
      %acc.pb1: !V {mpt.acc = @blocks.1.proj.bias}) -> (!E {mpt.grad = @wte}, !V {mpt.grad = @blocks.1.norm.weight}, !V {mpt.grad = @blocks.1.norm.bias}, !W {mpt.grad = @blocks.1.fc.weight}, !B {mpt.grad = @blocks.1.fc.bias}, !P {mpt.grad = @blocks.1.proj.weight}, !V {mpt.grad = @blocks.1.proj.bias}) {
    %g.wte, %g.ga1, %g.be1, %g.fw1, %g.fb1, %g.pw1, %g.pb1 = mpt.all_reduce sum %acc.wte, %acc.ga1, %acc.be1, %acc.fw1, %acc.fb1, %acc.pw1, %acc.pb1 over ["dp"] {bucket = 0, bytes = 21120} : !E, !V, !V, !W, !B, !P, !V -> !E, !V, !V, !W, !B, !P, !V
    return %g.wte, %g.ga1, %g.be1, %g.fw1, %g.fb1, %g.pw1, %g.pb1 : !E, !V, !V, !W, !B, !P, !V
  }
  func.func @s1_NORM(
      %g.ga1: !V {mpt.grad = @blocks.1.norm.weight},
      %g.be1: !V {mpt.grad = @blocks.1.norm.bias},
      %g.fw1: !W {mpt.grad = @blocks.1.fc.weight},
      %g.fb1: !B {mpt.grad = @blocks.1.fc.bias},
      %g.pw1: !P {mpt.grad = @blocks.1.proj.weight},
      %g.pb1: !V {mpt.grad = @blocks.1.proj.bias},
      %acc.ls: !S {mpt.acc = "loss"},
      %seed: !S {mpt.once = "seed"},
      %stop: !S {mpt.state = @step.stop}) -> (!Tot {mpt.send = @totals}) {
    %loss = mpt.mul %acc.ls, %seed : !S, !S -> !S
    %q.ga1 = mpt.sum_squares %g.ga1 : !V -> !S
    %q.be1 = mpt.sum_squares %g.be1 : !V -> !S
    %q.fw1 = mpt.sum_squares %g.fw1 : !W -> !S
    %q.fb1 = mpt.sum_squares %g.fb1 : !B -> !S
    %q.pw1 = mpt.sum_squares %g.pw1 : !P -> !S
    %q.pb1 = mpt.sum_squares %g.pb1 : !V -> !S
    %tot = mpt.totals %loss, %stop, %q.ga1, %q.be1, %q.fw1, %q.fb1, %q.pw1, %q.pb1 {at = [0, 1, 9, 10, 11, 12, 13, 14], width = 15, once = [[], [], ["dp", "tp"], ["dp", "tp"], ["dp"], ["dp"], ["dp"], ["dp", "tp"]]} : !S, !S, !S, !S, !S, !S, !S, !S -> !Tot
    return %tot : !Tot
  }
  func.func @s1_OPT(
      %tot: !Tot {mpt.recv = @totals},
      %wte: !E {mpt.state = @wte},
      %ga1: !V {mpt.state = @blocks.1.norm.weight},
      %be1: !V {mpt.state = @blocks.1.norm.bias},
      %fw1: !W {mpt.state = @blocks.1.fc.weight},
      %fb1: !B {mpt.state = @blocks.1.fc.bias},
      %pw1: !P {mpt.state = @blocks.1.proj.weight},
      %pb1: !V {mpt.state = @blocks.1.proj.bias},
      %g.wte: !E {mpt.grad = @wte},
      %g.ga1: !V {mpt.grad = @blocks.1.norm.weight},
      %g.be1: !V {mpt.grad = @blocks.1.norm.bias},
      %g.fw1: !W {mpt.grad = @blocks.1.fc.weight},
      %g.fb1: !B {mpt.grad = @blocks.1.fc.bias},
      %g.pw1: !P {mpt.grad = @blocks.1.proj.weight},
      %g.pb1: !V {mpt.grad = @blocks.1.proj.bias},
      %wte.m: !E {mpt.state = @wte.exp_avg},
      %ga1.m: !V {mpt.state = @blocks.1.norm.weight.exp_avg},
      %be1.m: !V {mpt.state = @blocks.1.norm.bias.exp_avg},
      %fw1.m: !W {mpt.state = @blocks.1.fc.weight.exp_avg},
      %fb1.m: !B {mpt.state = @blocks.1.fc.bias.exp_avg},
      %pw1.m: !P {mpt.state = @blocks.1.proj.weight.exp_avg},
      %pb1.m: !V {mpt.state = @blocks.1.proj.bias.exp_avg},
      %wte.v: !E {mpt.state = @wte.exp_avg_sq},
      %ga1.v: !V {mpt.state = @blocks.1.norm.weight.exp_avg_sq},
      %be1.v: !V {mpt.state = @blocks.1.norm.bias.exp_avg_sq},
      %fw1.v: !W {mpt.state = @blocks.1.fc.weight.exp_avg_sq},
      %fb1.v: !B {mpt.state = @blocks.1.fc.bias.exp_avg_sq},
      %pw1.v: !P {mpt.state = @blocks.1.proj.weight.exp_avg_sq},
      %pb1.v: !V {mpt.state = @blocks.1.proj.bias.exp_avg_sq},
      %lr: !S {mpt.state = @step.lr},
      %t: !N {mpt.state = @step.count}) -> (!E {mpt.state = @wte}, !V {mpt.state = @blocks.1.norm.weight}, !V {mpt.state = @blocks.1.norm.bias}, !W {mpt.state = @blocks.1.fc.weight}, !B {mpt.state = @blocks.1.fc.bias}, !P {mpt.state = @blocks.1.proj.weight}, !V {mpt.state = @blocks.1.proj.bias}, !E {mpt.state = @wte.exp_avg}, !V {mpt.state = @blocks.1.norm.weight.exp_avg}, !V {mpt.state = @blocks.1.norm.bias.exp_avg}, !W {mpt.state = @blocks.1.fc.weight.exp_avg}, !B {mpt.state = @blocks.1.fc.bias.exp_avg}, !P {mpt.state = @blocks.1.proj.weight.exp_avg}, !V {mpt.state = @blocks.1.proj.bias.exp_avg}, !E {mpt.state = @wte.exp_avg_sq}, !V {mpt.state = @blocks.1.norm.weight.exp_avg_sq}, !V {mpt.state = @blocks.1.norm.bias.exp_avg_sq}, !W {mpt.state = @blocks.1.fc.weight.exp_avg_sq}, !B {mpt.state = @blocks.1.fc.bias.exp_avg_sq}, !P {mpt.state = @blocks.1.proj.weight.exp_avg_sq}, !V {mpt.state = @blocks.1.proj.bias.exp_avg_sq}, !E {mpt.acc = @wte}, !V {mpt.acc = @blocks.1.norm.weight}, !V {mpt.acc = @blocks.1.norm.bias}, !W {mpt.acc = @blocks.1.fc.weight}, !B {mpt.acc = @blocks.1.fc.bias}, !P {mpt.acc = @blocks.1.proj.weight}, !V {mpt.acc = @blocks.1.proj.bias}, !S {mpt.acc = "loss"}, !S {mpt.metric = "grad_norm"}) {
    %sq = mpt.slice %tot {start = [2], limit = [15]} : !Tot -> !S13
    %q = mpt.reduce sum %sq {axes = [0]} : !S13 -> !S
    %ok = mpt.is_finite %q : !S -> !Y
    %norm = mpt.sqrt %q : !S
    %eps = mpt.constant {value = 1.0e-06 : f32} : !S
    %max = mpt.constant {value = 1.0 : f32} : !S
    %den = mpt.add %norm, %eps : !S
    %k = mpt.div %max, %den : !S
    %clip = mpt.min %k, %max : !S
    %wte.1, %wte.m.1, %wte.v.1 = mpt.opt_update adamw %wte, %g.wte, %wte.m, %wte.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.1} : !E, !E, !E, !E, !S, !S, !N, !Y -> !E, !E, !E
    %ga1.1, %ga1.m.1, %ga1.v.1 = mpt.opt_update adamw %ga1, %g.ga1, %ga1.m, %ga1.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.0} : !V, !V, !V, !V, !S, !S, !N, !Y -> !V, !V, !V
    %be1.1, %be1.m.1, %be1.v.1 = mpt.opt_update adamw %be1, %g.be1, %be1.m, %be1.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.0} : !V, !V, !V, !V, !S, !S, !N, !Y -> !V, !V, !V
    %fw1.1, %fw1.m.1, %fw1.v.1 = mpt.opt_update adamw %fw1, %g.fw1, %fw1.m, %fw1.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.1} : !W, !W, !W, !W, !S, !S, !N, !Y -> !W, !W, !W
    %fb1.1, %fb1.m.1, %fb1.v.1 = mpt.opt_update adamw %fb1, %g.fb1, %fb1.m, %fb1.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.0} : !B, !B, !B, !B, !S, !S, !N, !Y -> !B, !B, !B
    %pw1.1, %pw1.m.1, %pw1.v.1 = mpt.opt_update adamw %pw1, %g.pw1, %pw1.m, %pw1.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.1} : !P, !P, !P, !P, !S, !S, !N, !Y -> !P, !P, !P
    %pb1.1, %pb1.m.1, %pb1.v.1 = mpt.opt_update adamw %pb1, %g.pb1, %pb1.m, %pb1.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.0} : !V, !V, !V, !V, !S, !S, !N, !Y -> !V, !V, !V
    %acc.wte.1 = mpt.constant {value = 0.0 : f32} : !E
    %acc.ga1.1 = mpt.constant {value = 0.0 : f32} : !V
    %acc.be1.1 = mpt.constant {value = 0.0 : f32} : !V
    %acc.fw1.1 = mpt.constant {value = 0.0 : f32} : !W
    %acc.fb1.1 = mpt.constant {value = 0.0 : f32} : !B
    %acc.pw1.1 = mpt.constant {value = 0.0 : f32} : !P
    %acc.pb1.1 = mpt.constant {value = 0.0 : f32} : !V
    %acc.ls.1 = mpt.constant {value = 0.0 : f32} : !S
    return %wte.1, %ga1.1, %be1.1, %fw1.1, %fb1.1, %pw1.1, %pb1.1, %wte.m.1, %ga1.m.1, %be1.m.1, %fw1.m.1, %fb1.m.1, %pw1.m.1, %pb1.m.1, %wte.v.1, %ga1.v.1, %be1.v.1, %fw1.v.1, %fb1.v.1, %pw1.v.1, %pb1.v.1, %acc.wte.1, %acc.ga1.1, %acc.be1.1, %acc.fw1.1, %acc.fb1.1, %acc.pw1.1, %acc.pb1.1, %acc.ls.1, %norm : !E, !V, !V, !W, !B, !P, !V, !E, !V, !V, !W, !B, !P, !V, !E, !V, !V, !W, !B, !P, !V, !E, !V, !V, !W, !B, !P, !V, !S, !S
  }
}