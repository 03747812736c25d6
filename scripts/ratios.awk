# Reads the output of `go test -bench` and prints, for each benchmark that has
# a sibling named "bare", its rate as a share of that sibling's, and where the
# work of processors was measured, how much of it the bare work is.
/^Benchmark.* ns\/op/ {
	name = $1
	sub(/-[0-9]+$/, "", name)
	for (i = 2; i < NF; i++) {
		if ($(i + 1) == "ns/op") time[name] = $i
		if ($(i + 1) ~ /^(self|base)-cpu-ms$/) cpu[name] += $i
	}
	order[++count] = name
}

# masked puts "*" in the place of part at of a name.
function masked(name, at,    parts, n, i, out) {
	n = split(name, parts, "/")
	for (i = 1; i <= n; i++) out = out (i > 1 ? "/" : "") (i == at ? "*" : parts[i])
	return out
}

END {
	for (c = 1; c <= count; c++) {
		n = split(order[c], parts, "/")
		for (i = 1; i <= n; i++) if (parts[i] ~ /(^|=)bare$/) { bare[masked(order[c], i)] = order[c]; yardstick[order[c]] = 1 }
	}
	for (c = 1; c <= count; c++) {
		if (order[c] in yardstick) continue
		n = split(order[c], parts, "/")
		for (i = 1; i <= n; i++) {
			key = masked(order[c], i)
			if (!(key in bare)) continue
			if (!printed++) printf "%-64s %14s %14s %8s\n", "rate against the bare work", "ns/op", "bare ns/op", "share"
			printf "%-64s %14.0f %14.0f %8.2f", order[c], time[order[c]], time[bare[key]], time[bare[key]] / time[order[c]]
			if (cpu[order[c]] > 0) printf "   of processors' work %.2f", cpu[bare[key]] / cpu[order[c]]
			printf "\n"
		}
	}
}
