/** `nginx` and `nginx:latest` are one image; what has a tag or a digest is as it says. Source: imagelocality plugin. */
export function normalizedImageName(name: string): string {
  return name.lastIndexOf(':') <= name.lastIndexOf('/') ? `${name}:latest` : name;
}
