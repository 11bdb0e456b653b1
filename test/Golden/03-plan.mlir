// RUN: mpt-opt %s --verify-roundtrip -o /dev/null
!T = tensor<8x16xi64>
!H = tensor<8x16x32xf32>
!A = tensor<8x16x128xf32>
!R = tensor<8x16xf32>
!Z = tensor<8x16x64xf32>
!E = tensor<64x32xf32>
!V = tensor<32xf32>
!W = tensor<32x128xf32>
!B = tensor<128xf32>
!P = tensor<128x32xf32>
!S = tensor<f32>
!N = tensor<i64>
!Y = tensor<i1>
!Tot = tensor<15xf32>
!S1 = tensor<1xf32>
!S13 = tensor<13xf32>
module @mlp attributes {mpt.config = {model = "/models/mlp.onnx", mesh = {dp = 2 : i64, pp = 2 : i64, tp = 2 : i64}, microbatches = 2 : i64, schedule = "1f1b", loss = "cross_entropy(logits,labels){ignore_index=-100}", optimizer = "adamw{betas=[0.9,0.95],eps=1e-8,weight_decay=0.1}", clip = 1.0 : f64, target = "cpu", precision = "f32"}, mpt.phase = "plan"} {
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
  func.func @step(%tokens.u: !T {mpt.input = "tokens"}, %labels.u: !T {mpt.input = "labels", mpt.label}) -> (!Tot {mpt.metric = "totals"}, !S {mpt.metric = "grad_norm"}) {
    %tokens = mpt.constrain %tokens.u {to = #mpt.s<[{"micro"=2,"dp"=2}, {}]>} : !T
    %labels = mpt.constrain %labels.u {to = #mpt.s<[{"micro"=2,"dp"=2}, {}]>} : !T
    %wte = mpt.read @wte : !E
    %ga0 = mpt.read @blocks.0.norm.weight : !V
    %be0 = mpt.read @blocks.0.norm.bias : !V
    %fw0 = mpt.read @blocks.0.fc.weight : !W
    %fb0 = mpt.read @blocks.0.fc.bias : !B
    %pw0 = mpt.read @blocks.0.proj.weight : !P
    %pb0 = mpt.read @blocks.0.proj.bias : !V
    %ga1 = mpt.read @blocks.1.norm.weight : !V
    %be1 = mpt.read @blocks.1.norm.bias : !V
    %fw1 = mpt.read @blocks.1.fc.weight : !W
    %fb1 = mpt.read @blocks.1.fc.bias : !B
    %pw1 = mpt.read @blocks.1.proj.weight : !P
    %pb1 = mpt.read @blocks.1.proj.bias : !V
    %wte.m = mpt.read @wte.exp_avg : !E
    %ga0.m = mpt.read @blocks.0.norm.weight.exp_avg : !V
    %be0.m = mpt.read @blocks.0.norm.bias.exp_avg : !V
    %fw0.m = mpt.read @blocks.0.fc.weight.exp_avg : !W
    %fb0.m = mpt.read @blocks.0.fc.bias.exp_avg : !B
    %pw0.m = mpt.read @blocks.0.proj.weight.exp_avg : !P
    %pb0.m = mpt.read @blocks.0.proj.bias.exp_avg : !V
    %ga1.m = mpt.read @blocks.1.norm.weight.exp_avg : !V
    %be1.m = mpt.read @blocks.1.norm.bias.exp_avg : !V
    %fw1.m = mpt.read @blocks.1.fc.weight.exp_avg : !W
    %fb1.m = mpt.read @blocks.1.fc.bias.exp_avg : !B
    %pw1.m = mpt.read @blocks.1.proj.weight.exp_avg : !P
    %pb1.m = mpt.read @blocks.1.proj.bias.exp_avg : !V
    %wte.v = mpt.read @wte.exp_avg_sq : !E
    %ga0.v = mpt.read @blocks.0.norm.weight.exp_avg_sq : !V
    %be0.v = mpt.read @blocks.0.norm.bias.exp_avg_sq : !V
    %fw0.v = mpt.read @blocks.0.fc.weight.exp_avg_sq : !W
    %fb0.v = mpt.read @blocks.0.fc.bias.exp_avg_sq : !B
    %pw0.v = mpt.read @blocks.0.proj.weight.exp_avg_sq : !P
    %pb0.v = mpt.read @blocks.0.proj.bias.exp_avg_sq : !V
    %ga1.v = mpt.read @blocks.1.norm.weight.exp_avg_sq : !V
    %be1.v = mpt.read @blocks.1.norm.bias.exp_avg_sq : !V
    %fw1.v = mpt.read @blocks.1.fc.weight.exp_avg_sq : !W
    %fb1.v = mpt.read @blocks.1.fc.bias.exp_avg_sq : !B
    %pw1.v = mpt.read @blocks.1.proj.weight.exp_avg_sq : !P
    %pb1.v = mpt.read @blocks.1.proj.bias.exp_avg_sq : !V
    %lr = mpt.read @step.lr : !S
    %t = mpt.read @step.count : !N
    %stop = mpt.read @step.stop : !S
    %h0.u = mpt.take %wte, %tokens {axis = 0, id = 0, stage = 0} : !E, !T -> !H loc("embed")
    %h0 = mpt.constrain %h0.u {to = #mpt.s<[{"micro"=2,"dp"=2}, {}, {}]>} : !H
    %n0, %mu0, %rs0 = mpt.layer_norm %h0, %ga0, %be0 {axis = 2, eps = 1.0e-05, id = 1, stage = 0} : !H, !V, !V -> !H, !R, !R loc("blocks.0.norm")
    %f0 = mpt.dot_general %n0, %fw0 contract [2] x [0] {id = 2, stage = 0} : !H, !W -> !A loc("blocks.0.fc")
    %c0 = mpt.broadcast %fb0 {dims = [2], id = 3} : !B -> !A loc("blocks.0.fc")
    %a0 = mpt.add %f0, %c0 {id = 4, stage = 0} : !A loc("blocks.0.fc")
    %e0 = mpt.gelu %a0 {approx = "none", id = 5, stage = 0, recompute} : !A loc("blocks.0.gelu")
    %p0 = mpt.dot_general %e0, %pw0 contract [2] x [0] {id = 6, stage = 0} : !A, !P -> !H loc("blocks.0.proj")
    %d0 = mpt.broadcast %pb0 {dims = [2], id = 7} : !V -> !H loc("blocks.0.proj")
    %y0 = mpt.add %p0, %d0 {id = 8, stage = 0} : !H loc("blocks.0.proj")
    %h1.u = mpt.add %h0, %y0 {id = 9, stage = 0} : !H loc("blocks.0.residual")
    %h1 = mpt.constrain %h1.u {to = #mpt.s<[{"micro"=2,"dp"=2}, {}, {}]>} : !H
    %n1, %mu1, %rs1 = mpt.layer_norm %h1, %ga1, %be1 {axis = 2, eps = 1.0e-05, id = 10, stage = 1} : !H, !V, !V -> !H, !R, !R loc("blocks.1.norm")
    %f1 = mpt.dot_general %n1, %fw1 contract [2] x [0] {id = 11, stage = 1} : !H, !W -> !A loc("blocks.1.fc")
    %c1 = mpt.broadcast %fb1 {dims = [2], id = 12} : !B -> !A loc("blocks.1.fc")
    %a1 = mpt.add %f1, %c1 {id = 13, stage = 1} : !A loc("blocks.1.fc")
    %e1 = mpt.gelu %a1 {approx = "none", id = 14, stage = 1, recompute} : !A loc("blocks.1.gelu")
    %p1 = mpt.dot_general %e1, %pw1 contract [2] x [0] {id = 15, stage = 1} : !A, !P -> !H loc("blocks.1.proj")
    %d1 = mpt.broadcast %pb1 {dims = [2], id = 16} : !V -> !H loc("blocks.1.proj")
    %y1 = mpt.add %p1, %d1 {id = 17, stage = 1} : !H loc("blocks.1.proj")
    %h2.u = mpt.add %h1, %y1 {id = 18, stage = 1} : !H loc("blocks.1.residual")
    %h2 = mpt.constrain %h2.u {to = #mpt.s<[{"micro"=2,"dp"=2}, {}, {}]>} : !H
    %z = mpt.dot_general %h2, %wte contract [2] x [1] {id = 19, stage = 1} : !H, !E -> !Z loc("head")
    %ls, %lse = mpt.cross_entropy %z, %labels {ignore_index = -100, id = 20, stage = 1} : !Z, !T -> !S, !R loc("loss")
    %w = mpt.label_weight %labels {ignore_index = -100, id = 21} : !T -> !S loc("loss")
    %one = mpt.constant {value = 1.0 : f32, id = 22} : !S loc("loss")
    %seed = mpt.div %one, %w {id = 23} : !S loc("loss")
    %loss = mpt.mul %ls, %seed {id = 24, stage = 1} : !S loc("loss")
    %dz = mpt.cross_entropy_grad %z, %labels, %lse, %seed {ignore_index = -100, id = 25, adjoint_of = 20} : !Z, !T, !R, !S -> !Z
    %dh2 = mpt.dot_general %dz, %wte contract [2] x [0] {id = 26, adjoint_of = 19} : !Z, !E -> !H
    %dwte.head = mpt.dot_general %dz, %h2 contract [0, 1] x [0, 1] {id = 27, adjoint_of = 19} : !Z, !H -> !E
    %dpb1 = mpt.reduce sum %dh2 {axes = [0, 1], id = 28, adjoint_of = 16} : !H -> !V
    %de1 = mpt.dot_general %dh2, %pw1 contract [2] x [1] {id = 29, adjoint_of = 15} : !H, !P -> !A
    %dpw1 = mpt.dot_general %e1, %dh2 contract [0, 1] x [0, 1] {id = 30, adjoint_of = 15} : !A, !H -> !P
    %da1 = mpt.gelu_grad %a1, %de1 {approx = "none", id = 31, adjoint_of = 14} : !A
    %dfb1 = mpt.reduce sum %da1 {axes = [0, 1], id = 32, adjoint_of = 12} : !A -> !B
    %dn1 = mpt.dot_general %da1, %fw1 contract [2] x [1] {id = 33, adjoint_of = 11} : !A, !W -> !H
    %dfw1 = mpt.dot_general %n1, %da1 contract [0, 1] x [0, 1] {id = 34, adjoint_of = 11} : !H, !A -> !W
    %dx1, %dga1, %dbe1 = mpt.layer_norm_grad %h1, %mu1, %rs1, %ga1, %dn1 {axis = 2, id = 35, adjoint_of = 10} : !H, !R, !R, !V, !H -> !H, !V, !V
    %dh1 = mpt.sum %dh2, %dx1 {id = 36} : !H
    %dpb0 = mpt.reduce sum %dh1 {axes = [0, 1], id = 37, adjoint_of = 7} : !H -> !V
    %de0 = mpt.dot_general %dh1, %pw0 contract [2] x [1] {id = 38, adjoint_of = 6} : !H, !P -> !A
    %dpw0 = mpt.dot_general %e0, %dh1 contract [0, 1] x [0, 1] {id = 39, adjoint_of = 6} : !A, !H -> !P
    %da0 = mpt.gelu_grad %a0, %de0 {approx = "none", id = 40, adjoint_of = 5} : !A
    %dfb0 = mpt.reduce sum %da0 {axes = [0, 1], id = 41, adjoint_of = 3} : !A -> !B
    %dn0 = mpt.dot_general %da0, %fw0 contract [2] x [1] {id = 42, adjoint_of = 2} : !A, !W -> !H
    %dfw0 = mpt.dot_general %n0, %da0 contract [0, 1] x [0, 1] {id = 43, adjoint_of = 2} : !H, !A -> !W
    %dx0, %dga0, %dbe0 = mpt.layer_norm_grad %h0, %mu0, %rs0, %ga0, %dn0 {axis = 2, id = 44, adjoint_of = 1} : !H, !R, !R, !V, !H -> !H, !V, !V
    %dh0 = mpt.sum %dh1, %dx0 {id = 45} : !H
    %zero = mpt.constant {value = 0.0 : f32, id = 46, adjoint_of = 0} : !E
    %dwte.embed = mpt.scatter_rows add %zero, %tokens, %dh0 {axis = 0, id = 47, adjoint_of = 0} : !E, !T, !H -> !E
    %dwte = mpt.sum %dwte.head, %dwte.embed {id = 48} : !E
    %q.wte = mpt.sum_squares %dwte : !E -> !S
    %q.ga0 = mpt.sum_squares %dga0 : !V -> !S
    %q.be0 = mpt.sum_squares %dbe0 : !V -> !S
    %q.fw0 = mpt.sum_squares %dfw0 : !W -> !S
    %q.fb0 = mpt.sum_squares %dfb0 : !B -> !S
    %q.pw0 = mpt.sum_squares %dpw0 : !P -> !S
    %q.pb0 = mpt.sum_squares %dpb0 : !V -> !S
    %q.ga1 = mpt.sum_squares %dga1 : !V -> !S
    %q.be1 = mpt.sum_squares %dbe1 : !V -> !S
    %q.fw1 = mpt.sum_squares %dfw1 : !W -> !S
    %q.fb1 = mpt.sum_squares %dfb1 : !B -> !S
    %q.pw1 = mpt.sum_squares %dpw1 : !P -> !S
    %q.pb1 = mpt.sum_squares %dpb1 : !V -> !S
    %tot = mpt.totals %loss, %stop, %q.wte, %q.ga0, %q.be0, %q.fw0, %q.fb0, %q.pw0, %q.pb0, %q.ga1, %q.be1, %q.fw1, %q.fb1, %q.pw1, %q.pb1 {names = ["loss", "stop", "wte", "blocks.0.norm.weight", "blocks.0.norm.bias", "blocks.0.fc.weight", "blocks.0.fc.bias", "blocks.0.proj.weight", "blocks.0.proj.bias", "blocks.1.norm.weight", "blocks.1.norm.bias", "blocks.1.fc.weight", "blocks.1.fc.bias", "blocks.1.proj.weight", "blocks.1.proj.bias"]} : !S, !S, !S, !S, !S, !S, !S, !S, !S, !S, !S, !S, !S, !S, !S -> !Tot
    %sq = mpt.slice %tot {start = [2], limit = [15]} : !Tot -> !S13
    %q = mpt.reduce sum %sq {axes = [0]} : !S13 -> !S
    %ok = mpt.is_finite %q : !S -> !Y
    %norm = mpt.sqrt %q : !S
    %eps = mpt.constant {value = 1.0e-06 : f32} : !S
    %max = mpt.constant {value = 1.0 : f32} : !S
    %den = mpt.add %norm, %eps : !S
    %k = mpt.div %max, %den : !S
    %clip = mpt.min %k, %max : !S
    %wte.1, %wte.m.1, %wte.v.1 = mpt.opt_update adamw %wte, %dwte, %wte.m, %wte.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.1} : !E, !E, !E, !E, !S, !S, !N, !Y -> !E, !E, !E
    %ga0.1, %ga0.m.1, %ga0.v.1 = mpt.opt_update adamw %ga0, %dga0, %ga0.m, %ga0.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.0} : !V, !V, !V, !V, !S, !S, !N, !Y -> !V, !V, !V
    %be0.1, %be0.m.1, %be0.v.1 = mpt.opt_update adamw %be0, %dbe0, %be0.m, %be0.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.0} : !V, !V, !V, !V, !S, !S, !N, !Y -> !V, !V, !V
    %fw0.1, %fw0.m.1, %fw0.v.1 = mpt.opt_update adamw %fw0, %dfw0, %fw0.m, %fw0.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.1} : !W, !W, !W, !W, !S, !S, !N, !Y -> !W, !W, !W
    %fb0.1, %fb0.m.1, %fb0.v.1 = mpt.opt_update adamw %fb0, %dfb0, %fb0.m, %fb0.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.0} : !B, !B, !B, !B, !S, !S, !N, !Y -> !B, !B, !B
    %pw0.1, %pw0.m.1, %pw0.v.1 = mpt.opt_update adamw %pw0, %dpw0, %pw0.m, %pw0.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.1} : !P, !P, !P, !P, !S, !S, !N, !Y -> !P, !P, !P
    %pb0.1, %pb0.m.1, %pb0.v.1 = mpt.opt_update adamw %pb0, %dpb0, %pb0.m, %pb0.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.0} : !V, !V, !V, !V, !S, !S, !N, !Y -> !V, !V, !V
    %ga1.1, %ga1.m.1, %ga1.v.1 = mpt.opt_update adamw %ga1, %dga1, %ga1.m, %ga1.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.0} : !V, !V, !V, !V, !S, !S, !N, !Y -> !V, !V, !V
    %be1.1, %be1.m.1, %be1.v.1 = mpt.opt_update adamw %be1, %dbe1, %be1.m, %be1.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.0} : !V, !V, !V, !V, !S, !S, !N, !Y -> !V, !V, !V
    %fw1.1, %fw1.m.1, %fw1.v.1 = mpt.opt_update adamw %fw1, %dfw1, %fw1.m, %fw1.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.1} : !W, !W, !W, !W, !S, !S, !N, !Y -> !W, !W, !W
    %fb1.1, %fb1.m.1, %fb1.v.1 = mpt.opt_update adamw %fb1, %dfb1, %fb1.m, %fb1.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.0} : !B, !B, !B, !B, !S, !S, !N, !Y -> !B, !B, !B
    %pw1.1, %pw1.m.1, %pw1.v.1 = mpt.opt_update adamw %pw1, %dpw1, %pw1.m, %pw1.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.1} : !P, !P, !P, !P, !S, !S, !N, !Y -> !P, !P, !P
    %pb1.1, %pb1.m.1, %pb1.v.1 = mpt.opt_update adamw %pb1, %dpb1, %pb1.m, %pb1.v, %clip, %lr, %t, %ok {betas = [0.9, 0.95], eps = 1.0e-08, decay = 0.0} : !V, !V, !V, !V, !S, !S, !N, !Y -> !V, !V, !V
    mpt.write @wte, %wte.1 : !E
    mpt.write @blocks.0.norm.weight, %ga0.1 : !V
    mpt.write @blocks.0.norm.bias, %be0.1 : !V
    mpt.write @blocks.0.fc.weight, %fw0.1 : !W
    mpt.write @blocks.0.fc.bias, %fb0.1 : !B
    mpt.write @blocks.0.proj.weight, %pw0.1 : !P
    mpt.write @blocks.0.proj.bias, %pb0.1 : !V
    mpt.write @blocks.1.norm.weight, %ga1.1 : !V
    mpt.write @blocks.1.norm.bias, %be1.1 : !V
    mpt.write @blocks.1.fc.weight, %fw1.1 : !W
    mpt.write @blocks.1.fc.bias, %fb1.1 : !B
    mpt.write @blocks.1.proj.weight, %pw1.1 : !P
    mpt.write @blocks.1.proj.bias, %pb1.1 : !V
    mpt.write @wte.exp_avg, %wte.m.1 : !E
    mpt.write @blocks.0.norm.weight.exp_avg, %ga0.m.1 : !V
    mpt.write @blocks.0.norm.bias.exp_avg, %be0.m.1 : !V
    mpt.write @blocks.0.fc.weight.exp_avg, %fw0.m.1 : !W
    mpt.write @blocks.0.fc.bias.exp_avg, %fb0.m.1 : !B
    mpt.write @blocks.0.proj.weight.exp_avg, %pw0.m.1 : !P
    mpt.write @blocks.0.proj.bias.exp_avg, %pb0.m.1 : !V
    mpt.write @blocks.1.norm.weight.exp_avg, %ga1.m.1 : !V
    mpt.write @blocks.1.norm.bias.exp_avg, %be1.m.1 : !V
    mpt.write @blocks.1.fc.weight.exp_avg, %fw1.m.1 : !W
    mpt.write @blocks.1.fc.bias.exp_avg, %fb1.m.1 : !B
    mpt.write @blocks.1.proj.weight.exp_avg, %pw1.m.1 : !P
    mpt.write @blocks.1.proj.bias.exp_avg, %pb1.m.1 : !V
    mpt.write @wte.exp_avg_sq, %wte.v.1 : !E
    mpt.write @blocks.0.norm.weight.exp_avg_sq, %ga0.v.1 : !V
    mpt.write @blocks.0.norm.bias.exp_avg_sq, %be0.v.1 : !V
    mpt.write @blocks.0.fc.weight.exp_avg_sq, %fw0.v.1 : !W
    mpt.write @blocks.0.fc.bias.exp_avg_sq, %fb0.v.1 : !B
    mpt.write @blocks.0.proj.weight.exp_avg_sq, %pw0.v.1 : !P
    mpt.write @blocks.0.proj.bias.exp_avg_sq, %pb0.v.1 : !V
    mpt.write @blocks.1.norm.weight.exp_avg_sq, %ga1.v.1 : !V
    mpt.write @blocks.1.norm.bias.exp_avg_sq, %be1.v.1 : !V
    mpt.write @blocks.1.fc.weight.exp_avg_sq, %fw1.v.1 : !W
    mpt.write @blocks.1.fc.bias.exp_avg_sq, %fb1.v.1 : !B
    mpt.write @blocks.1.proj.weight.exp_avg_sq, %pw1.v.1 : !P
    mpt.write @blocks.1.proj.bias.exp_avg_sq, %pb1.v.1 : !V
    return %tot, %norm : !Tot, !S
  }
}