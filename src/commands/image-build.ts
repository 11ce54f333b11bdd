import type { CreateContext, ImageFacts, ImageStore } from '../engine/engine.ts';
import { jsonText } from '../report/json.ts';
import { writeNote } from '../report/human.ts';
import type { Terminal } from '../report/terminal.ts';
import { baseArg } from '../spec/profile/build-arg.ts';
import type { TaskSpec } from '../spec/task-spec.ts';
import { answer, answers, isJson } from './answer.ts';
import type { Command, CommandArgs } from './command.ts';
import { imageBuildOnlyFlags, outputFlags, taskFlags } from './flags.ts';
import { imageSpec, withImages, withProgress } from './image-store.ts';

const command = 'image build';

/** `sandbox image build [PROFILE…]`: prints the reference of each image, so that a script can use it. */
export const imageBuild: Command = async (args, { terminal, interrupts }) => {
  const { cancel } = interrupts();
  return await answer({ terminal, isJson: isJson(args), cancel }, async () => {
    const specs = await askedSpecs(args);
    const toBuild = specs.filter(({ recipe }) => recipe !== null);
    const isQuiet = args.values[outputFlags.quiet.name] === true;
    for (const { profile, image, recipe } of specs) {
      if (recipe !== null || isQuiet) continue;
      writeNote(terminal, `${profile} uses the image ${image} as it is: nothing is built`);
    }
    const built = new Map<TaskSpec, ImageFacts>();
    const [first] = toBuild;
    if (first) {
      await withImages(first, { terminal, cancel }, async (images) => {
        for (const spec of toBuild) {
          const make = (context: CreateContext) => makeImage(args, images, { spec, context });
          built.set(spec, await withProgress(args, { terminal, cancel }, make));
        }
      });
    }
    if (!isQuiet) noteUnused(args, { built, terminal });
    const rows = specs.map((spec) => ({ profile: spec.profile, ...facts(spec, built) }));
    const lines = rows.map(({ reference }) => `${reference}\n`).join('');
    terminal.stdout.write(isJson(args) ? jsonText({ images: rows }) : lines);
    return answers.fine;
  });
};

/** They are no part of an image's name, so one that is there is taken whatever they say; BASE apart. */
function noteUnused(
  { values }: CommandArgs,
  { built, terminal }: { built: ReadonlyMap<TaskSpec, ImageFacts>; terminal: Terminal },
): void {
  const given = values[taskFlags.buildArg.name];
  for (const [spec, { reference, origin }] of built) {
    // Those of a config file are for whatever is built some day.
    const isNews = (name: string) => name !== baseArg && isGiven(name, given);
    const names = Object.keys(spec.buildArgs).filter(isNews);
    if (origin !== 'present' || names.length === 0) continue;
    const list = names.join(', ');
    writeNote(
      terminal,
      `${reference} was there: --build-arg ${list} was not used (--no-cache builds anew)`,
    );
  }
}

function isGiven(name: string, given: CommandArgs['values'][string]): boolean {
  const texts = typeof given === 'object' ? given : [];
  return texts.some((text) => text === name || text.startsWith(`${name}=`));
}

/** One for each profile, before anything is built, so that a wrong name costs nothing. */
async function askedSpecs(args: CommandArgs): Promise<TaskSpec[]> {
  const { problems } = args;
  const names = args.rest.length === 0 ? [null] : [...new Set(args.rest)];
  const specs: TaskSpec[] = [];
  for (const profile of names) specs.push(await imageSpec(args, { command, profile, problems }));
  return specs;
}

async function makeImage(
  { values }: CommandArgs,
  images: ImageStore,
  { spec, context }: { spec: TaskSpec; context: CreateContext },
): Promise<ImageFacts> {
  if (values[imageBuildOnlyFlags.minimal.name] === true) {
    return await images.buildMinimal(spec, context);
  }
  const noCache = values[imageBuildOnlyFlags.noCache.name] === true;
  return await images.build(spec, context, { noCache });
}

/** Of one that is used as it is, nothing but its name is known here. */
function facts(spec: TaskSpec, built: ReadonlyMap<TaskSpec, ImageFacts>) {
  const nothing = { id: null, digest: null, recipe: null, origin: null, preparedMs: null };
  return built.get(spec) ?? { reference: spec.image, ...nothing, minimal: false };
}
