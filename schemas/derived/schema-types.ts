// Written by `make schemas` from the schema types; change those, not this.

/** Nanoseconds on a timeline. A number is exact up to 2^53 - 1 ns, which is 104 days. */
export type Nanoseconds = number;

/** The value of an attribute: text, a number, or a moment as RFC 3339 writes it. */
export type AttributeValue = string | number;

/** One immutable row that belongs to a timeline of a title. */
export interface BaseRecord {
  /** Hash of run, schema type and key: the same record has the same id, however often it is written. */
  readonly id: string;
  /** The versioned name of the record's schema type, such as `Shot.2`. */
  readonly type: string;
  /** Number of the run that wrote the record. */
  readonly run: number;
  /** Id of the title. */
  readonly title: string;
  /** Id of the timeline on which times are counted. */
  readonly timeline: string;
  /** Id of the asset that the record was made from. */
  readonly asset: string;
  /** What else the record belongs to, each as `kind:id`: `person:ada`, `season:s1`, `image:poster`. */
  readonly entities: readonly string[];
  /** Named values beyond the fields of the type. */
  readonly attributes: { readonly [name: string]: AttributeValue };
}

/** Something with a place in time, in the picture, or both. */
export interface TemporalSpatial extends BaseRecord {
  /** Begin on the timeline, in nanoseconds. */
  readonly start_ns: Nanoseconds | null;
  /** End on the timeline in nanoseconds, itself no longer part of the range. */
  readonly end_ns: Nanoseconds | null;
  /** Place in the picture: WKT in fractions of the frame, origin top left. */
  readonly geometry: string | null;
  /** Width in pixels of the frame that the geometry was normalised to. */
  readonly frame_width: number | null;
  /** Height in pixels of the frame that the geometry was normalised to. */
  readonly frame_height: number | null;
}

/** Something an algorithm found. */
export interface AlgorithmOutput extends BaseRecord {
  /** What was found. */
  readonly label: string | null;
  /** How sure the algorithm is, in [0, 1]. */
  readonly confidence: number | null;
  /** Name of the algorithm. */
  readonly algorithm: string;
  /** Version of the algorithm. */
  readonly version: string;
}

/** A range in which somebody is on screen: a person, the character they play, or a face without a name. Face recognisers write them, with the `track` of each face; the title's cast list ties character and person together. */
export interface Appearance extends TemporalSpatial, AlgorithmOutput {
  readonly type: "Appearance.1";
  /** Where they come into the picture. */
  readonly start_ns: Nanoseconds;
  /** Where they leave it. */
  readonly end_ns: Nanoseconds;
  /** Id of the person, as in the cast list. */
  readonly person: string | null;
  /** The character, by the name in the cast list. */
  readonly character: string | null;
  /** The same for all appearances of one face in a title, named or not. */
  readonly track: string | null;
}

/** Something that is heard over a range: a dog, applause, a siren, music, or nothing at all. Sound taggers and detectors of speech, music and silence write them. The words that are spoken are DialogueLines. */
export interface AudioEvent extends TemporalSpatial, AlgorithmOutput {
  readonly type: "AudioEvent.1";
  /** What is heard. */
  readonly label: string;
  /** Where it begins to sound. */
  readonly start_ns: Nanoseconds;
  /** Where it ends. */
  readonly end_ns: Nanoseconds;
  /** What sort of sound it is. */
  readonly kind: "speech" | "music" | "effect" | "ambience" | "silence" | null;
}

/** A sentence or two that say what is seen in a frame, a shot or a scene. Picture and video captioners write them, and authors of audio description. Words that are spoken are DialogueLines, words in the picture OnScreenText. */
export interface Caption extends TemporalSpatial, AlgorithmOutput {
  readonly type: "Caption.1";
  /** Begin of what is described. */
  readonly start_ns: Nanoseconds;
  /** End of what is described. */
  readonly end_ns: Nanoseconds;
  /** What is described. */
  readonly of: "frame" | "shot" | "scene";
  /** The description. */
  readonly text: string;
  /** Language of the description. */
  readonly language: string;
  /** Place among several descriptions of the same, the best being zero. */
  readonly rank: number;
}

/** A thing at one place in the picture: a box or outline, for a frame or as long as it stands still. Object, logo and face detectors write them. A tracker gives the detections of one thing, from frame to frame, the same `track`. */
export interface Detection extends TemporalSpatial, AlgorithmOutput {
  readonly type: "Detection.1";
  /** What was detected. */
  readonly label: string;
  /** Begin of the first frame in which it is there. */
  readonly start_ns: Nanoseconds;
  /** End of the last frame in which it is there. */
  readonly end_ns: Nanoseconds;
  /** Its box or outline: WKT in fractions of the frame, origin top left. */
  readonly geometry: string;
  /** The same for all detections of one thing in a title. */
  readonly track: string | null;
}

/** One line of dialogue in one language. Readers of subtitle files and speech recognisers write them; search by spoken words reads them. The title's cast list adds character and talent. */
export interface DialogueLine extends TemporalSpatial, AlgorithmOutput {
  readonly type: "DialogueLine.2";
  /** Begin of the line. */
  readonly start_ns: Nanoseconds;
  /** End of the line. */
  readonly end_ns: Nanoseconds;
  /** Place in its track, from zero. */
  readonly line: number;
  /** The words, without markup. */
  readonly text: string;
  /** Language of the words. */
  readonly language: string;
  /** What the line is: `dialogue`, `sound`, `description`, `chapter`, or what its source says. */
  readonly kind: string;
  /** Who speaks, as the source writes it. */
  readonly speaker: string | null;
  /** The character who speaks, by the name in the cast list. */
  readonly character: string | null;
  /** The person who plays the character, by the name in the cast list. */
  readonly talent: string | null;
  /** The line as its source has it, markup included. */
  readonly raw: string | null;
}

/** A vector of unit length that stands for what is seen or said over a range. An embedding model writes them; search by description, picture or clip compares its query with them. Dimension and model are part of where they are stored: one table per model fingerprint. */
export interface Embedding extends TemporalSpatial, AlgorithmOutput {
  readonly type: "Embedding.2";
  /** Begin of what the vector stands for. */
  readonly start_ns: Nanoseconds;
  /** End of what the vector stands for. */
  readonly end_ns: Nanoseconds;
  /** What it is a vector of: a sampled frame, a whole shot, or a line of dialogue. */
  readonly of: "frame" | "shot" | "line";
  /** The numbers, as many as the model has dimensions. */
  readonly vector: readonly number[];
}

/** One frame that stands for its shot, with its picture. Its range is that frame's own time; the shot's lies beside it. A later pass over the shot list writes one or more per shot; result pages show them. */
export interface Keyframe extends TemporalSpatial, AlgorithmOutput {
  readonly type: "Keyframe.2";
  /** Begin of the frame. */
  readonly start_ns: Nanoseconds;
  /** End of the frame. */
  readonly end_ns: Nanoseconds;
  /** Begin of the shot that the frame stands for. */
  readonly shot_start_ns: Nanoseconds;
  /** End of that shot. */
  readonly shot_end_ns: Nanoseconds;
  /** Key of the frame as a small picture. */
  readonly thumbnail: string;
}

/** Something that holds throughout a range, such as `bright`, `indoor` or `slow zoom`. Classifiers of any kind write them. What has a place in the picture is a Detection, what is heard an AudioEvent. */
export interface Label extends TemporalSpatial, AlgorithmOutput {
  readonly type: "Label.2";
  /** What holds. */
  readonly label: string;
  /** Where it begins to hold. */
  readonly start_ns: Nanoseconds;
  /** Where it ceases to hold. */
  readonly end_ns: Nanoseconds;
}

/** What a person marks in a title: a range, words about it, and a shape drawn on the frame if they like. Editors write them, not algorithms. Each save is a run of its own, so that every earlier revision can be had; search finds the newest. */
export interface Note extends TemporalSpatial, AlgorithmOutput {
  readonly type: "Note.1";
  /** Begin of what is marked. */
  readonly start_ns: Nanoseconds;
  /** End of what is marked. */
  readonly end_ns: Nanoseconds;
  /** Id of the note, the same in all its revisions. */
  readonly note: string;
  /** How often it was changed. */
  readonly revision: number;
  /** Who wrote this revision. */
  readonly author: string;
  /** The words; empty where the mark or the shape says it all. */
  readonly text: string;
  /** Language of the words. */
  readonly language: string;
  /** Colour of the mark on a time line. */
  readonly colour: "red" | "pink" | "orange" | "yellow" | "green" | "cyan" | "blue" | "purple" | "magenta" | "black" | "white" | null;
}

/** Words that can be read in the picture: a sign, a title card, a name at the lower edge, credits. Text recognisers write them, a record for each piece of text as long as it stays. Subtitles that come as a file are DialogueLines. */
export interface OnScreenText extends TemporalSpatial, AlgorithmOutput {
  readonly type: "OnScreenText.1";
  /** Where it can first be read. */
  readonly start_ns: Nanoseconds;
  /** Where it can no longer be read. */
  readonly end_ns: Nanoseconds;
  /** The words. */
  readonly text: string;
  /** Language of the words. */
  readonly language: string;
  /** What it is written on, such as `sign`, `title`, `credit` or `lower third`. */
  readonly kind: string | null;
}

/** Consecutive shots that play at one place and time and tell one thing. A scene detector writes them from shots, dialogue and sound, or a script is aligned to the film. The scenes of a title do not overlap; what is no scene, such as credits, may be left out. */
export interface Scene extends TemporalSpatial, AlgorithmOutput {
  readonly type: "Scene.1";
  /** Begin of the first shot. */
  readonly start_ns: Nanoseconds;
  /** End of the last shot. */
  readonly end_ns: Nanoseconds;
  /** Place in the title's list of scenes, from zero. */
  readonly number: number;
  /** Where and when it plays, as the head of a scene in a script says it. */
  readonly place: string | null;
  /** What happens, in a sentence or two. */
  readonly summary: string | null;
  /** Language of the summary. */
  readonly language: string;
}

/** A continuous take, from one cut to the next. The shots of a title cover it without gap or overlap. A shot boundary detector writes them, once per title; hits, pictures and scenes are told in shots. */
export interface Shot extends TemporalSpatial, AlgorithmOutput {
  readonly type: "Shot.2";
  /** Begin of the first frame. */
  readonly start_ns: Nanoseconds;
  /** End of the last frame, where the next shot begins. */
  readonly end_ns: Nanoseconds;
  /** Place in the title's list of shots, from zero. */
  readonly number: number;
}

/** A record of any of the types, told apart by `type`. */
export type StandardRecord = Appearance | AudioEvent | Caption | Detection | DialogueLine | Embedding | Keyframe | Label | Note | OnScreenText | Scene | Shot;

/** The versioned name of a type. */
export type SchemaLabel = "Appearance.1" | "AudioEvent.1" | "Caption.1" | "Detection.1" | "DialogueLine.2" | "Embedding.2" | "Keyframe.2" | "Label.2" | "Note.1" | "OnScreenText.1" | "Scene.1" | "Shot.2";
