const prefix = 'sandbox-';

/** The repository that the images of a profile go to. */
export function repositoryOf(profile: string): string {
  return `${prefix}${profile}`;
}

/** The profile whose images go to a repository. */
export function profileOfRepository(repository: string): string {
  return repository.slice(prefix.length);
}
