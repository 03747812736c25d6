// Sizes and times as the pages write them.
export function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 999500) return `${Math.floor((bytes + 500) / 1000)} KB`;
  return `${(bytes / 1e6).toFixed(1).replace(/\.0$/, "")} MB`;
}

export function left(seconds) {
  if (seconds >= 90) return `${Math.round(seconds / 60)} minutes`;
  if (seconds > 1) return `${seconds} seconds`;
  return "a moment";
}
