/** What an image says of itself; an engine leaves out what it does not know. */
export interface ImagePlatform {
  readonly Os?: string;
  readonly Architecture?: string;
  readonly Variant?: string | undefined;
}

const architectures: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  armhf: 'arm',
  armv7l: 'arm',
  i386: '386',
  i686: '386',
};

/** What an architecture is meant to be where nothing more is said. */
const defaultVariants: Readonly<Record<string, string>> = { arm64: 'v8', arm: 'v7', amd64: 'v1' };

/** Whether an image is for the platform that was asked for; null asks for none. */
export function fitsPlatform(image: ImagePlatform, asked: string | null): boolean {
  if (asked === null) return true;
  const [os = '', architecture = '', variant] = asked.split('/');
  const wanted = architectures[architecture] ?? architecture;
  const found = image.Architecture ?? '';
  if (os !== image.Os || wanted !== (architectures[found] ?? found)) return false;
  if (variant === undefined) return true;
  const foundVariant = image.Variant === '' ? undefined : image.Variant;
  return variant === (foundVariant ?? defaultVariants[wanted]);
}

export function platformText({ Os, Architecture, Variant }: ImagePlatform): string {
  return [Os, Architecture, Variant].filter(Boolean).join('/');
}
