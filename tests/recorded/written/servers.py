"""One model served, as the engines of several years tell of it; the same load in all of them."""

from collections.abc import Mapping

from tests.recorded.written.shapes import Family, Labels, counter, gauge, histogram

E2E = ({"0.5": 100.0, "1.0": 180.0, "+Inf": 200.0}, 130.0)
FIRST_TOKEN = ({"0.1": 120.0, "0.25": 190.0, "+Inf": 200.0}, 22.0)
BETWEEN = ({"0.025": 6000.0, "0.05": 8000.0, "+Inf": 8000.0}, 160.0)
WAITED = ({"0.3": 150.0, "1.0": 200.0, "+Inf": 200.0}, 18.0)
RUNNING, WAITING, CACHE, PROMPT, GENERATED, DONE = 6.0, 3.0, 0.42, 90_000.0, 24_000.0, 200.0
HITS, QUERIES = 30_000.0, 90_000.0


def _over(name: str, labels: list[Labels], told: tuple[Mapping[str, float], float]) -> Family:
    """A histogram whose observations are shared out evenly."""
    share = 1.0 / len(labels)
    return histogram(name, *((one, {le: n * share for le, n in told[0].items()}, told[1] * share) for one in labels))


def _each(name: str, labels: list[Labels], value: float, kind: str = "gauge") -> Family:
    """A family of which each engine has its share."""
    make = counter if kind == "counter" else gauge
    return make(name, *((one, value / len(labels)) for one in labels))


VLLM = (
    "0.2.7", "0.3.3", "0.4.3", "0.5.5", "0.6.3", "0.6.6", "0.7.3", "0.8.5", "0.9.2", "0.9.2-dp", "0.10.2",
    "0.11.2", "0.12.0", "0.13.0-pids", "0.14.0-otel",
)  # fmt: skip


def vllm(release: str) -> list[Family]:
    """vLLM: V0 to 0.6, V1 from 0.7 on; data-parallel engines from 0.9 on."""
    minor = int(release.split(".")[1])
    engines = 2 if "dp" in release else 1
    labels: list[Labels] = [{"model_name": "m", **({"engine": n} if minor >= 9 else {})} for n in range(engines)]
    if minor < 3:
        labels = [{}]
    start = "vllm_" if "otel" in release else "vllm:"
    between = "inter_token_latency_seconds" if minor >= 11 else "time_per_output_token_seconds"
    cache = ["gpu_cache_usage_perc"] if minor < 10 else []
    cache += ["kv_cache_usage_perc"] if minor >= 9 else []
    told = [
        _each(f"{start}num_requests_running", labels, RUNNING),
        _each(f"{start}num_requests_waiting", labels, WAITING),
        *(gauge(f"{start}{name}", *((one, CACHE) for one in labels)) for name in cache),
        _over(f"{start}time_to_first_token_seconds", labels, FIRST_TOKEN),
        _over(f"{start}{between}", labels, BETWEEN),
        _over(f"{start}e2e_request_latency_seconds", labels, E2E),
    ]
    if minor >= 3:
        told += [
            _each(f"{start}prompt_tokens_total", labels, PROMPT, "counter"),
            _each(f"{start}generation_tokens_total", labels, GENERATED, "counter"),
        ]
    if minor >= 4:
        reasons = ("stop", "length", "abort", "error")[: 4 if minor >= 12 else 3]
        shares = {"stop": 0.7, "length": 0.3, "abort": 0.0, "error": 0.0}
        told.append(
            counter(
                f"{start}request_success_total",
                *(({**one, "finished_reason": r}, DONE * shares[r] / len(labels)) for r in reasons for one in labels),
            )
        )
        told.append(_each(f"{start}num_preemptions_total", labels, 12.0, "counter"))
    if release in ("0.6.6", "0.7.3") or minor >= 8:
        told.append(_over(f"{start}request_queue_time_seconds", labels, WAITED))
    for prefix in (["gpu_"] if 7 <= minor < 10 else []) + ([""] if minor >= 9 else []):
        told.append(_each(f"{start}{prefix}prefix_cache_hits_total", labels, HITS, "counter"))
        told.append(_each(f"{start}{prefix}prefix_cache_queries_total", labels, QUERIES, "counter"))
    if minor < 7:
        told.append(gauge(f"{start}num_requests_swapped", *((one, 0.0) for one in labels)))
        told.append(gauge(f"{start}cpu_cache_usage_perc", *((one, 0.0) for one in labels)))
    if minor >= 12:
        why = ("capacity", "deferred")
        told.append(
            gauge(
                f"{start}num_requests_waiting_by_reason",
                *(({**one, "reason": r}, WAITING * (r == "capacity")) for r in why for one in labels),
            )
        )
    return _copied(told, "pid") if "pids" in release else told


def _copied(told: list[Family], label: str) -> list[Family]:
    """What several processes say of one engine: the same, once for each."""
    return [
        Family(
            one.name,
            one.kind,
            tuple((suffix, {**labels, label: n}, value) for suffix, labels, value in one.samples for n in (71, 72)),
        )
        if one.kind == "gauge"
        else one
        for one in told
    ]


SGLANG = ("0.3.6", "0.4.1", "0.4.6", "0.4.9", "0.5.2", "0.5.5-tp", "0.5.8", "0.5.20")


def sglang(release: str) -> list[Family]:
    """SGLang: gauges of the scheduler carry ranks; the hit rate is set to zero with each report of decoding."""
    parts = tuple(int(part) for part in release.split("-", maxsplit=1)[0].split("."))
    labels: list[Labels] = [{"model_name": "m"}]
    ranks: list[Labels] = [{"model_name": "m"}]
    if parts >= (0, 4, 6):
        ranks = [{"model_name": "m", "engine_type": "unified", "tp_rank": n, "pp_rank": 0} for n in range(1)]
    if "tp" in release:
        ranks = [
            {"model_name": "m", "engine_type": "unified", "tp_rank": n, "pp_rank": 0, "moe_ep_rank": n} for n in (0, 1)
        ]
    between = "inter_token_latency_seconds" if parts >= (0, 4, 1) else "time_per_output_token_seconds"
    told = [
        gauge("sglang:num_running_reqs", *((one, RUNNING) for one in ranks)),
        gauge("sglang:num_queue_reqs", *((one, WAITING) for one in ranks)),
        gauge("sglang:token_usage", *((one, CACHE) for one in ranks)),
        gauge("sglang:gen_throughput", *((one, 100.0) for one in ranks)),
        gauge("sglang:cache_hit_rate", *((one, 1 / 3 if parts < (0, 4, 6) else 0.0) for one in ranks)),
        _each("sglang:prompt_tokens_total", labels, PROMPT, "counter"),
        _each("sglang:generation_tokens_total", labels, GENERATED, "counter"),
        _over("sglang:time_to_first_token_seconds", labels, FIRST_TOKEN),
        _over(f"sglang:{between}", labels, BETWEEN),
        _over("sglang:e2e_request_latency_seconds", labels, E2E),
    ]
    if parts >= (0, 4, 6):
        told.append(_each("sglang:num_requests_total", labels, DONE, "counter"))
        sources = [{**one, "cache_source": "device"} for one in labels] if parts >= (0, 5, 8) else labels
        told.append(_each("sglang:cached_tokens_total", list(sources), HITS, "counter"))
    if parts >= (0, 5, 2):
        told.append(gauge("sglang:num_retracted_reqs", *((one, 2.0) for one in ranks)))
        told.append(_over("sglang:queue_time_seconds", ranks[:1], WAITED))
        told.append(gauge("sglang:num_grammar_queue_reqs", *((one, 0.0) for one in ranks)))
    if parts >= (0, 5, 8):
        told.append(counter("sglang:num_retracted_requests_total", *((one, 12.0) for one in ranks)))
        codes = {"200": 190.0, "400": 6.0, "500": 4.0}
        told.append(
            counter(
                "sglang:http_responses_total",
                *(({"endpoint": "/generate", "status_code": code, "method": "POST"}, n) for code, n in codes.items()),
            )
        )
    return told


TGI = ("0.9.4", "1.4.5", "2.0.4", "2.4.1", "3.3.4")


def tgi(release: str) -> list[Family]:
    """Text Generation Inference."""
    plain: list[Labels] = [{}]
    told = [
        counter("tgi_request_count", ({}, DONE)),
        counter("tgi_request_success", ({}, DONE - 20.0)),
        counter("tgi_request_failure", ({"err": "overloaded"}, 20.0), ({"err": "validation"}, 5.0)),
        gauge("tgi_queue_size", ({}, WAITING)),
        gauge("tgi_batch_current_size", ({}, RUNNING)),
        _over("tgi_request_duration", plain, E2E),
        _over("tgi_request_queue_duration", plain, WAITED),
        _over("tgi_request_mean_time_per_token_duration", plain, ({"0.05": 200.0, "+Inf": 200.0}, 4.0)),
        _over("tgi_request_generated_tokens", plain, ({"100": 90.0, "+Inf": 180.0}, GENERATED)),
    ]
    if release >= "1.4":
        told.append(_over("tgi_request_input_length", plain, ({"500": 90.0, "+Inf": 180.0}, PROMPT)))
    if release >= "2.4":
        told.append(_over("tgi_request_skipped_tokens", plain, ({"1": 180.0, "+Inf": 180.0}, 0.0)))
    return told


TRITON = ("2.11-21.06", "2.24-22.07", "2.35-23.06", "2.46-24.05", "2.57-25.04")


def triton(release: str) -> list[Family]:
    """Triton: failures have reasons from 24.03 on, waiting requests a gauge from 23.06 on; cards beside."""
    year = float(release.partition("-")[2])
    labels: Labels = {"model": "m", "version": 1}
    failed = [({**labels, "reason": "BACKEND"}, 20.0), ({**labels, "reason": "CANCELED"}, 5.0)]
    told = [
        counter("nv_inference_request_success", (labels, DONE)),
        counter("nv_inference_request_failure", *(failed if year >= 24.03 else [(labels, 20.0)])),
        counter("nv_inference_request_duration_us", (labels, 130e6)),
        counter("nv_inference_queue_duration_us", (labels, 18e6)),
        counter("nv_inference_count", (labels, 400.0)),
        counter("nv_inference_exec_count", (labels, 100.0)),
        gauge("nv_gpu_utilization", ({"gpu_uuid": "GPU-a"}, 0.9), ({"gpu_uuid": "GPU-b"}, 0.1)),
        gauge("nv_gpu_power_usage", ({"gpu_uuid": "GPU-a"}, 600.0), ({"gpu_uuid": "GPU-b"}, 80.0)),
        gauge("nv_gpu_power_limit", ({"gpu_uuid": "GPU-a"}, 700.0), ({"gpu_uuid": "GPU-b"}, 700.0)),
        gauge("nv_gpu_memory_used_bytes", ({"gpu_uuid": "GPU-a"}, 6e10), ({"gpu_uuid": "GPU-b"}, 2e10)),
        gauge("nv_gpu_memory_total_bytes", ({"gpu_uuid": "GPU-a"}, 8e10), ({"gpu_uuid": "GPU-b"}, 8e10)),
    ]
    return [*told, gauge("nv_inference_pending_request_count", (labels, WAITING))] if year >= 23.06 else told


TRTLLM = ("0.20.0", "1.0.0", "1.1.0-dynamo", "1.3.0")


def trtllm(release: str) -> list[Family]:
    """TensorRT-LLM: trtllm-serve, and behind Dynamo."""
    labels: list[Labels] = [{"model_name": "m", "engine_type": "tensorrt_llm"}]
    start = "trtllm:" if "dynamo" in release else "trtllm_"
    told = [
        _over(f"{start}e2e_request_latency_seconds", labels, E2E),
        _over(f"{start}time_to_first_token_seconds", labels, FIRST_TOKEN),
        _over(f"{start}time_per_output_token_seconds", labels, BETWEEN),
        _over(f"{start}request_queue_time_seconds", labels, WAITED),
        counter(f"{start}request_success_total", ({**labels[0], "finished_reason": "stop"}, DONE)),
    ]
    if release >= "1.1":
        told.append(gauge(f"{start}kv_cache_utilization", (labels[0], CACHE)))
        told.append(gauge(f"{start}kv_cache_hit_rate", (labels[0], 1 / 3)))
    if release >= "1.3":
        told.append(gauge(f"{start}num_requests_waiting", (labels[0], WAITING)))
        told.append(gauge(f"{start}num_requests_running", (labels[0], RUNNING)))
    return told
